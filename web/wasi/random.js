/** wasi:random. */

/** The most bytes that one call of getRandomValues() fills. */
const AT_ONCE = 65536;
/** The most random bytes of one call: wasmtime's limit. */
const MOST = 64n * 1024n * 1024n;

export function randomInterfaces() {
  const random = { getRandomBytes: randomBytes, getRandomU64: randomNumber };
  return {
    "wasi:random/random": random,
    "wasi:random/insecure": { getInsecureRandomBytes: randomBytes, getInsecureRandomU64: randomNumber },
    "wasi:random/insecure-seed": { insecureSeed: () => [randomNumber(), randomNumber()] },
  };
}

/** @param {bigint} length */
function randomBytes(length) {
  if (length > MOST) throw new RangeError(`${length} random bytes at once`);
  const bytes = new Uint8Array(Number(length));
  for (let at = 0; at < bytes.length; at += AT_ONCE) crypto.getRandomValues(bytes.subarray(at, at + AT_ONCE));
  return bytes;
}

function randomNumber() {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}
