/**
 * Programs in addresses: the compressed text of all files is the part after the "#". Browsers do
 * not send this part to servers.
 */

const PREFIX = "#code=";
/** The largest program in bytes. A fragment that decompresses to more is refused. */
const LIMIT = 4 * 1024 * 1024;

/**
 * @param {Record<string, string>} files Texts by name.
 * @returns {Promise<string>} The fragment.
 */
export async function toFragment(files) {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(files)), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return PREFIX + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * @param {string} fragment
 * @returns {Promise<Record<string, string> | null>} Null where it holds no program.
 */
export async function fromFragment(fragment) {
  if (!fragment.startsWith(PREFIX)) return null;
  try {
    const binary = atob(fragment.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const files = JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))));
    const texts = Object.entries(files).filter(([name, text]) => /^[\w./-]+$/.test(name) && typeof text === "string");
    return texts.length > 0 ? Object.fromEntries(texts) : null;
  } catch {
    return null;
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} transform
 */
async function through(bytes, transform) {
  /** @type {BlobPart[]} */
  const pieces = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  for (let piece; !(piece = await reader.read()).done; ) {
    length += piece.value.length;
    if (length > LIMIT) throw new RangeError("too large");
    pieces.push(piece.value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
