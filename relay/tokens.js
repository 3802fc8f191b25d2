/**
 * Tokens: who may use a relay, by a word in its address. The operator gives each holder a name and
 * a secret. A client shows the secret itself, or a token that was signed with it and expires:
 * "name.seconds.signature", the HMAC-SHA-256 of "name.seconds".
 */

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Characters that an address may have as they are. */
const SECRET = /^[A-Za-z0-9_-]{16,256}$/;
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** @param {string} text */
const encode = (text) => new TextEncoder().encode(text);

export class Tokens {
  /** @type {Map<string, string>} */
  #secrets;

  /** @param {Record<string, string>} secrets By the holder's name. @throws {RangeError} */
  constructor(secrets) {
    this.#secrets = new Map(Object.entries(secrets));
    for (const [name, secret] of this.#secrets) check(name, secret);
  }

  /**
   * @param {string} token As it came.
   * @param {number} now Milliseconds since 1970.
   * @returns {Promise<{holder: string, key: string} | null>} Whose it is, and what counts as one
   *   token for limits.
   */
  async check(token, now) {
    const [, holder, expires, signature] = /^([\w-]+)\.(\d{1,12})\.([\w-]+)$/.exec(token) ?? [];
    if (holder !== undefined) {
      const secret = this.#secrets.get(holder);
      const ours = secret && Number(expires) * 1000 > now && (await verifies(secret, `${holder}.${expires}`, signature));
      // Not the token itself: base64 has several spellings of one signature.
      return ours ? { holder, key: `${holder}.${expires}` } : null;
    }
    let found = null;
    for (const [name, secret] of this.#secrets) if (await same(secret, token)) found = { holder: name, key: name };
    return found;
  }
}

/**
 * A token that expires.
 *
 * @param {object} options
 * @param {string} options.holder
 * @param {string} options.secret The holder's.
 * @param {number} options.expires Milliseconds since 1970.
 * @throws {RangeError} Where a relay would not take the holder or the secret.
 */
export async function signToken({ holder, secret, expires }) {
  check(holder, secret);
  const text = `${holder}.${Math.floor(expires / 1000)}`;
  return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign(HMAC, await keyOf(secret, "sign"), encode(text))))}`;
}

/**
 * Reads a file of tokens: a line "name secret" for each holder; empty lines and lines that begin
 * with # are left out.
 *
 * @param {string} text
 * @throws {RangeError}
 */
export function parseTokens(text) {
  /** @type {Record<string, string>} */
  const secrets = {};
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(\S+)\s+(\S+)\s*$/.exec(line);
    if (!match) throw new RangeError(`line ${i + 1} of the tokens is not "name secret"`);
    if (Object.hasOwn(secrets, match[1])) throw new RangeError(`the tokens name ${match[1]} twice`);
    check(match[1], match[2]);
    secrets[match[1]] = match[2];
  }
  return secrets;
}

/** @param {string} name @param {string} secret @throws {RangeError} */
function check(name, secret) {
  if (!NAME.test(name)) throw new RangeError(`not the name of a token's holder: ${name} (letters, digits, _ and -)`);
  if (!SECRET.test(secret)) throw new RangeError(`the secret of ${name} needs 16 or more letters, digits, _ and -`);
}

/** @param {string} secret @param {"sign" | "verify"} use */
function keyOf(secret, use) {
  return crypto.subtle.importKey("raw", encode(secret), HMAC, false, [use]);
}

/** @param {string} secret @param {string} text @param {string} signature */
async function verifies(secret, text, signature) {
  const bytes = fromBase64url(signature);
  return bytes !== null && crypto.subtle.verify(HMAC, await keyOf(secret, "verify"), bytes, encode(text));
}

/**
 * Whether two texts are the same; how long that takes does not depend on how far they are.
 *
 * @param {string} a
 * @param {string} b
 */
async function same(a, b) {
  const [x, y] = await Promise.all([a, b].map(async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encode(text)))));
  return x.reduce((difference, byte, i) => difference | (byte ^ y[i]), 0) === 0;
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text */
function fromBase64url(text) {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
