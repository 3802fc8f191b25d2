/**
 * Reads the unencrypted parts of TLS records: their types and lengths, and the first messages of a
 * handshake. RFC 8446, 5246.
 */

const HEADER = 5;

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

/** @type {Record<number, string>} */
const MESSAGES = {
  0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 4: "NewSessionTicket", 8: "EncryptedExtensions", 11: "Certificate",
  12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange",
  20: "Finished", 22: "CertificateStatus", 24: "KeyUpdate",
};

/** @type {Record<number, string>} */
const ALERTS = {
  0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
  42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
  47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
  71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension",
  110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response", 116: "certificate_required",
  120: "no_application_protocol",
};

/**
 * @typedef {object} TlsRecord
 * @property {number} type
 * @property {number} length With the header.
 * @property {number | null} message The first message of a handshake that is not encrypted.
 * @property {boolean} more Whether that record has more messages.
 * @property {number | null} alert The alert's number, where the alert is not encrypted.
 */

/** Finds the records in a stream of bytes that comes in pieces. */
export class RecordReader {
  #header = new Uint8Array(HEADER + 4);
  #have = 0;
  #rest = 0;
  #encrypted = false;

  /**
   * @param {Uint8Array} bytes The next piece.
   * @returns {TlsRecord[]} The records that end in this piece.
   */
  read(bytes) {
    const found = [];
    for (let at = 0; at < bytes.length; ) {
      // The header, and enough bytes after it to read an alert or the type of a message.
      while (this.#have < HEADER + 4 && at < bytes.length && (this.#have < HEADER || this.#rest > 0)) {
        this.#header[this.#have++] = bytes[at++];
        if (this.#have === HEADER) this.#rest = this.#length();
        else if (this.#have > HEADER) this.#rest -= 1;
      }
      if (this.#have < HEADER) break;
      const skipped = Math.min(this.#rest, bytes.length - at);
      this.#rest -= skipped;
      at += skipped;
      if (this.#rest > 0) break;
      found.push(this.#finish());
    }
    return found;
  }

  #length() {
    return (this.#header[3] << 8) | this.#header[4];
  }

  #finish() {
    const [type] = this.#header;
    const length = this.#length();
    /** @type {TlsRecord} */
    const record = { type, length: HEADER + length, message: null, more: false, alert: null };
    if (type === CHANGE_CIPHER_SPEC) this.#encrypted = true;
    else if (!this.#encrypted && type === HANDSHAKE) {
      const [message, high, middle, low] = this.#header.subarray(HEADER);
      record.message = message;
      record.more = 4 + ((high << 16) | (middle << 8) | low) < length;
    }
    else if (type === ALERT && length === 2) record.alert = this.#header[HEADER + 1];
    this.#have = 0;
    return record;
  }
}

/**
 * A record in words. `established` tells whether the handshake is over.
 *
 * @param {TlsRecord} record
 * @param {boolean} established
 */
export function describeRecord({ type, message, more, alert }, established) {
  switch (type) {
    case CHANGE_CIPHER_SPEC:
      return "ChangeCipherSpec";
    case ALERT:
      return alert === null ? "encrypted alert" : `alert: ${ALERTS[alert] ?? alert}`;
    case HANDSHAKE:
      return message === null ? "encrypted handshake" : `${MESSAGES[message] ?? `message ${message}`}${more ? ", …" : ""}`;
    case APPLICATION_DATA:
      return established ? "encrypted data" : "encrypted handshake";
  }
  return `record of type ${type}`;
}
