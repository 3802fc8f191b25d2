/** The parts of a handshake. */

export const REST_OF_ENGINE = "rustls and the rest of the engine";
export const OUTSIDE = "JavaScript and Node's sockets";

/**
 * A part's time is that of the functions whose names fit, and of what they call; the innermost
 * function that fits some part decides.
 *
 * @type {Record<string, RegExp | null>} Null for what is left: in wasm, and outside.
 */
export const PARTS = {
  "signatures, ECDSA P-256": /ecdsa|crypto::verify/,
  "key exchange, X25519": /x25519|curve25519/i,
  "key exchange, ML-KEM-768": /ml_kem|module_lattice|keccak|sha3|shake|crypto::hybrid/,
  "hashes and key schedule": /sha2|hmac|hkdf|key_schedule|crypto::hash/,
  "records, AEAD": /crypto::(simd|aead|record|adapters)/,
  "certificates and their chain": /micropython_ssl::(verify|x509)/,
  [REST_OF_ENGINE]: null,
  [OUTSIDE]: null,
};
