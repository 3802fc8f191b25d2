import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createServer, connect } from "node:tls";
import { once } from "node:events";
import { test } from "node:test";
import { authority, cast, selfSigned } from "../support/pki.js";
import { portOf } from "../support/programs.js";

/** @import { Certificate } from "../support/pki.js" */

for (const kind of /** @type {const} */ (["p256", "p384", "ed25519", "rsa2048"])) {
  test(`certificates with ${kind} keys verify, and say what was asked for`, () => {
    const { ca, server, chained, expired, unknownAuthority } = cast(kind);
    const root = new X509Certificate(ca.der);
    const leaf = new X509Certificate(server.pem);
    assert(root.ca && !leaf.ca);
    assert(root.verify(root.publicKey) && leaf.verify(root.publicKey) && leaf.checkIssued(root));
    assert(leaf.checkHost("localhost") && leaf.checkIP("127.0.0.1") && leaf.checkIP("::1") && !leaf.checkHost("other.example"));
    assert(leaf.checkPrivateKey(server.key));
    assert.equal(leaf.subject, "CN=localhost");
    assert(new Date(new X509Certificate(expired.der).validTo) < new Date());
    assert(!new X509Certificate(unknownAuthority.der).verify(root.publicKey));
    const [end, middle, ...rest] = chained.chain.map((certificate) => new X509Certificate(certificate.der));
    assert.equal(rest.length, 0);
    assert(end.verify(middle.publicKey) && middle.verify(root.publicKey));
  });
}

test("validity after 2049 and a path length are encoded as RFC 5280 wants", () => {
  const certificate = new X509Certificate(authority({ to: new Date("2077-01-02T03:04:05Z"), pathLength: 0 }).der);
  assert.equal(new Date(certificate.validTo).toISOString(), "2077-01-02T03:04:05.000Z");
});

test("an implementation that is not ours accepts the chain, and refuses an unknown authority and a wrong host", async () => {
  const { ca, chained, unknownAuthority, wrongHost, commonNameOnly } = cast();
  assert.equal(await verdict(chained, ca), "ok");
  assert.equal(await verdict(commonNameOnly, ca), "ok");
  assert.equal(await verdict(unknownAuthority, ca), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  assert.equal(await verdict(wrongHost, ca), "ERR_TLS_CERT_ALTNAME_INVALID");
  assert.equal(await verdict(selfSigned({ names: ["localhost"] }), ca), "DEPTH_ZERO_SELF_SIGNED_CERT");
});

/** @param {Certificate} certificate @param {Certificate} ca */
async function verdict(certificate, ca) {
  const server = createServer({ key: certificate.keyPem, cert: certificate.chainPem }, (socket) => socket.end());
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect({ port: portOf(server), host: "127.0.0.1", servername: "localhost", ca: ca.pem });
  try {
    await once(socket, "secureConnect");
    return "ok";
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code;
  } finally {
    socket.destroy();
    server.close();
  }
}
