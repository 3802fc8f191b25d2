/** What the playground shows of certificates, beside what OpenSSL reads in them. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { rootCertificates } from "node:tls";
import { fingerprint, readCertificate } from "../../playground/x509.js";
import { authority } from "../support/pki.js";

const issued = authority({ subject: "An authority" }).issue({ names: ["localhost", "*.example.com", "127.0.0.1", "2001:db8::1"] });
const own = new X509Certificate(issued.chainPem);
const CERTIFICATES = [...rootCertificates.map((pem) => new X509Certificate(pem)), own];
/** @type {Record<string, string>} By OpenSSL's names. */
const CURVES = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

test("is what OpenSSL reads, for Mozilla's roots and a server's certificate", async () => {
  assert.ok(CERTIFICATES.length > 100);
  for (const expected of CERTIFICATES) {
    const read = readCertificate(expected.raw);
    const what = expected.subject;
    assert.equal(read.from.getTime(), Date.parse(expected.validFrom), what);
    assert.equal(read.to.getTime(), Date.parse(expected.validTo), what);
    assert.equal(BigInt(`0x${read.serial}`), BigInt(`0x${expected.serialNumber}`), what);
    assert.equal(read.ca, expected.ca, what);
    const [, common] = /^CN=(.*)$/m.exec(expected.subject) ?? [];
    if (common && !/["+\\]/.test(common)) assert.ok(read.subject.includes(`CN=${common}`), `${read.subject} has no CN=${common}`);
    const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = expected.publicKey;
    if (type === "rsa") assert.equal(read.key, `RSA ${details.modulusLength} bit`);
    if (type === "ec") assert.equal(read.key, `EC ${CURVES[details.namedCurve ?? ""]}`);
    assert.equal((await fingerprint(expected.raw)).toUpperCase(), expected.fingerprint256);
  }
  assert.deepEqual(readCertificate(own.raw).names, ["localhost", "*.example.com", "127.0.0.1", "2001:db8::1"]);
});

test("is an error for whatever is no certificate, at once", () => {
  const { raw } = own;
  for (let length = 0; length < raw.length; length++) assert.throws(() => readCertificate(raw.subarray(0, length)), Error, `${length} bytes`);
  // Changed ones may still be readable.
  for (let at = 0; at < raw.length; at++) {
    for (const value of [0x00, 0x30, 0x80, 0xff]) {
      const changed = Uint8Array.from(raw);
      changed[at] = value;
      try {
        readCertificate(changed);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }
  }
});
