/**
 * DTLS in a page: the example programs with each other inside of it, and with OpenSSL over the
 * relay.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { MODES, missingBrowser, runIn } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { opensslServer } from "../support/servers.js";
import { Site } from "../support/site.js";

/**
 * @import { TestContext } from "node:test"
 * @import { TestPage } from "../support/browser.js"
 */

const { ca, server: certificate } = cast();
/** @param {string} name */
const example = (name) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), "utf8");

for (const { mode, isolate } of MODES) describe(`DTLS in a page in mode ${mode}`, { skip: missingBrowser }, () => {
  const site = new Site({ isolate });
  /** @type {TestPage} */
  let page;
  /** @param {TestContext} t */
  async function fresh(t) {
    page = await site.open();
    t.after(() => page.close());
  }

  test("dtls_server.py answers dtls_client.py in the same page", async (t) => {
    await fresh(t);
    const printed = await page.evaluate(
      async ({ serving, asking, files }) => {
        const network = await window.startNetwork();
        let said = "";
        const one = await window.startMicroPython({ network, files, stdout: (text) => (said += text) });
        let printed = "";
        const two = await window.startMicroPython({ network, files, stdout: (text) => (printed += text) });
        one.run(serving, { name: "dtls_server.py", args: ["/chain.pem", "/key.pem", "4433"] }); // never ends
        while (!said.includes("dtls:")) await new Promise((resolve) => setTimeout(resolve, 10));
        await two.run(asking, { name: "dtls_client.py", args: ["localhost", "4433", "/ca.pem", "one", "two"] });
        return printed;
      },
      {
        serving: example("dtls_server.py"),
        asking: example("dtls_client.py"),
        files: { "/chain.pem": certificate.chainPem, "/key.pem": certificate.keyPem, "/ca.pem": ca.pem },
      },
    );
    assert.match(printed, /^connected by TLS-ECDHE-ECDSA-\S+ DTLSv1\.2\n1: ONE\n2: TWO\n$/);
  });

  test("a program talks with openssl s_server over the relay's UDP", { skip: missing("openssl") }, async (t) => {
    const peer = await opensslServer(certificate, ["-dtls1_2", "-listen"]);
    t.after(peer.stop);
    await fresh(t);
    await page.evaluate((options) => window.start(options), { transport: { wisp: site.relay }, files: { "/ca.pem": ca.pem } });
    const running = runIn(page, `
import socket, tls
ctx = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
with open("/ca.pem", "rb") as f:
    ctx.load_verify_locations(f.read())
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", ${peer.port}))
s = ctx.wrap_socket(s, server_hostname="localhost")
s.write(b"from a page\\n")
print(s.cipher()[1], s.recv(100))
s.close()
`);
    await peer.printed(/from a page/);
    peer.child.stdin.write("from openssl\n");
    assert.deepEqual(await running, { exit: 0, out: "DTLSv1.2 b'from openssl\\n'\n" });
  });
});
