/**
 * Reads the fields of a certificate for display from its DER (RFC 5280). It does not verify.
 *
 * The page cannot ask the engine, which runs inside the interpreter in a worker. And the engine
 * describes only the leaf of a verified peer, as `getpeercert()` does: not the chain of a refused
 * one, which a user looks at here, and neither keys nor signatures.
 */

/**
 * @typedef {{tag: number, content: Uint8Array, end: number}} Element An element of DER. `end` is
 *   where the next element begins.
 */

/** @type {Record<string, string>} */
const NAMES = { "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU" };
/** @type {Record<string, string>} */
const KEYS = { "1.2.840.113549.1.1.1": "RSA", "1.2.840.10045.2.1": "EC", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448" };
/** @type {Record<string, string>} */
const CURVES = { "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384", "1.3.132.0.35": "P-521" };
/** @type {Record<string, string>} */
const SIGNATURES = {
  "1.2.840.113549.1.1.5": "RSA with SHA-1", "1.2.840.113549.1.1.11": "RSA with SHA-256", "1.2.840.113549.1.1.12": "RSA with SHA-384",
  "1.2.840.113549.1.1.13": "RSA with SHA-512", "1.2.840.113549.1.1.10": "RSA-PSS", "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
  "1.2.840.10045.4.3.3": "ECDSA with SHA-384", "1.2.840.10045.4.3.4": "ECDSA with SHA-512", "1.3.101.112": "Ed25519",
};
const SUBJECT_ALT_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";

/**
 * @param {Uint8Array} der
 * @returns {{subject: string, issuer: string, from: Date, to: Date, names: string[], key: string,
 *   signature: string, serial: string, ca: boolean}}
 * @throws {Error} if the bytes are not a certificate.
 */
export function readCertificate(der) {
  const [certificate] = children(element(der, 0));
  const parts = children(certificate);
  if (parts[0]?.tag === 0xa0) parts.shift(); // the version
  const [serial, signature, issuer, validity, subject, key] = parts;
  const [from, to] = children(validity).map(time);
  const extensions = extensionsOf(parts.find(({ tag }) => tag === 0xa3));
  return {
    subject: name(subject),
    issuer: name(issuer),
    from,
    to,
    names: alternativeNames(extensions.get(SUBJECT_ALT_NAME)),
    key: keyOf(key),
    signature: SIGNATURES[oid(children(signature)[0])] ?? oid(children(signature)[0]),
    serial: hex(serial.content),
    ca: isAuthority(extensions.get(BASIC_CONSTRAINTS)),
  };
}

/**
 * @param {Uint8Array<ArrayBuffer>} der
 * @returns {Promise<string>} SHA-256 of the certificate, as "ab:cd:…".
 */
export async function fingerprint(der) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", der)), ":");
}

/** @param {Uint8Array} bytes @param {number} at @returns {Element} */
function element(bytes, at) {
  const tag = bytes[at];
  let length = bytes[at + 1];
  let start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new Error("not DER");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i];
    start += count;
  }
  if (tag === undefined || !(start + length <= bytes.length)) throw new Error("not DER: it ends too early");
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}

/** @param {Pick<Element, "content">} holder */
function children({ content }) {
  const found = [];
  for (let at = 0; at < content.length; ) {
    const child = element(content, at);
    found.push(child);
    at = child.end;
  }
  return found;
}

/** @param {Element} element */
function oid({ content }) {
  const numbers = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (numbers.length === 0) numbers.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    else numbers.push(value);
    value = 0;
  }
  return numbers.join(".");
}

/** @param {Element} sequence */
function name(sequence) {
  return children(sequence)
    .flatMap(children)
    .map((attribute) => {
      const [type, value] = children(attribute);
      return `${NAMES[oid(type)] ?? oid(type)}=${text(value)}`;
    })
    .reverse()
    .join(", ");
}

/** @param {Element} element */
function text({ tag, content }) {
  return new TextDecoder(tag === 30 ? "utf-16be" : "utf-8").decode(content);
}

/** @param {Element} value */
function time(value) {
  const digits = text(value);
  const [, year, month, day, hour, minute, second] = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(digits) ?? [];
  const full = year?.length === 2 ? (Number(year) < 50 ? 2000 : 1900) + Number(year) : Number(year);
  return new Date(Date.UTC(full, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)));
}

/** @param {Element | undefined} holder @returns {Map<string, Uint8Array>} */
function extensionsOf(holder) {
  const found = new Map();
  for (const extension of holder ? children(children(holder)[0]) : []) {
    const parts = children(extension);
    found.set(oid(parts[0]), parts[parts.length - 1].content);
  }
  return found;
}

/** @param {Uint8Array | undefined} content */
function alternativeNames(content) {
  if (!content) return [];
  return children(element(content, 0)).map((entry) => {
    const kind = entry.tag & 0x1f;
    if (kind === 7) return address(entry.content);
    return kind === 0 ? "other name" : new TextDecoder().decode(entry.content);
  });
}

/** @param {Uint8Array} bytes */
function address(bytes) {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16)).join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}

/** @param {Uint8Array | undefined} content */
function isAuthority(content) {
  if (!content) return false;
  const [first] = children(element(content, 0));
  return first?.tag === 1 && first.content[0] !== 0;
}

/** @param {Element} sequence */
function keyOf(sequence) {
  const [algorithm, bits] = children(sequence);
  const [type, parameters] = children(algorithm);
  const kind = KEYS[oid(type)] ?? oid(type);
  if (kind === "EC") return `EC ${CURVES[oid(parameters)] ?? oid(parameters)}`;
  if (kind !== "RSA") return kind;
  const [modulus] = children(element(bits.content.subarray(1), 0));
  return `RSA ${(modulus.content.length - (modulus.content[0] === 0 ? 1 : 0)) * 8} bit`;
}

/** @param {Uint8Array} bytes @param {string} [between] */
function hex(bytes, between = "") {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(between);
}
