/** Writes ASN.1 DER, as far as certificates need it. */

/**
 * @param {number} tag The identifier octet.
 * @param {...Uint8Array} parts
 * @returns {Buffer} One value.
 */
export function value(tag, ...parts) {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

/** @param {...Uint8Array} parts */
export const sequence = (...parts) => value(0x30, ...parts);

/** @param {...Uint8Array} parts */
export const set = (...parts) => value(0x31, ...parts);

/** @param {Uint8Array} bytes A number's magnitude, big-endian. */
export function integer(bytes) {
  let begin = 0;
  while (begin < bytes.length - 1 && bytes[begin] === 0) begin++;
  const magnitude = Buffer.from(bytes.subarray(begin));
  return value(0x02, magnitude[0] & 0x80 ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude);
}

/** @param {boolean} flag */
export const boolean = (flag) => value(0x01, Buffer.of(flag ? 0xff : 0));

/** @param {Uint8Array} bytes */
export const octets = (bytes) => value(0x04, bytes);

/**
 * @param {Uint8Array} bytes
 * @param {number} [unused] How many bits at the end do not count.
 */
export const bits = (bytes, unused = 0) => value(0x03, Buffer.of(unused), bytes);

/** @param {string | Uint8Array} text */
export const utf8 = (text) => value(0x0c, Buffer.from(text));

/** @param {string} dotted */
export function oid(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** @param {Date} date UTCTime until 2049 and GeneralizedTime after it (RFC 5280, 4.1.2.5). */
export function time(date) {
  const digits = `${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050 ? value(0x17, Buffer.from(digits.slice(2))) : value(0x18, Buffer.from(digits));
}

/** @param {number} size */
function length(size) {
  if (size < 0x80) return Buffer.of(size);
  const bytes = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

/** @param {number} number */
function base128(number) {
  const septets = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) septets.unshift(128 + (rest % 128));
  return septets;
}
