/** The versions of npm MicroPython that pages may have on their own thread. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { missingBrowser, openPage, runIn, serveTestPages, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { httpsServer } from "../support/servers.js";

const { ca, server: certificate, unknownAuthority } = cast();
const VERSIONS = ["1.27", "1.28"];
const sources = Object.fromEntries(await Promise.all(VERSIONS.map(async (version) => [version, await npmSource(`micropython-${version}`)])));

const CONTEXT = `
import ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=${JSON.stringify(ca.pem)}.encode())
print("%d.%d" % sys.implementation.version[:2])
# More than the heap, which grows and so moves; that of 1.28 does not grow.
LARGE = 1000 if sys.implementation.version[1] == 28 else 20_000_000
grown = []
`;

/** @param {number[]} ports */
const fetching = (ports) => `${CONTEXT}
import asyncio
async def get(port):
  reader, writer = await asyncio.open_connection("localhost", port, ssl=context, server_hostname="localhost")
  writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
  await writer.drain()
  print(1, writer.s.version(), (await reader.read()).split(b"\\r\\n\\r\\n")[1])
  writer.close()
  await writer.wait_closed()
  grown.append(bytearray(LARGE))
async def main():
  for port in ${JSON.stringify(ports)}:
    try: await asyncio.wait_for(get(port), 20)
    except ValueError as e: print(str(e).strip())
asyncio.run(main())
`;

for (const version of VERSIONS) {
  const skip = missingBrowser || (sources[version] ? false : `MicroPython ${version} cannot be fetched from npm`);
  test(`MicroPython ${version} talks TLS in mode async, and is stopped`, { skip }, async (t) => {
    const [known, unknown] = [await httpsServer(certificate), await httpsServer(unknownAuthority)];
    const server = await serveTestPages({ isolate: false, more: [["/old/", sources[version]]] });
    const browser = await startBrowser();
    t.after(async () => {
      await browser.stop();
      await Promise.all([known.stop(), unknown.stop(), server.close()]);
    });
    const page = await openPage(browser, server, "/?mode=async");
    const options = { micropython: "/old/micropython.mjs", transport: { wisp: `${server.url.replace("http", "ws")}relay/` } };
    assert.equal(await page.evaluate(async (options) => (await window.start(options)).mode, options), "async");
    const { out } = await runIn(page, fetching([known.port, unknown.port]));
    assert.equal(out, `${version}\n1 TLSv1.3 b'hello\\n'\nThe certificate is not correctly signed by the trusted CA\n`);
    const running = runIn(page, "import asyncio\nasync def main():\n  print('go')\n  await asyncio.sleep(100)\nasyncio.run(main())");
    await page.waitForFunction(() => window.out.includes("go"));
    assert.equal(await page.evaluate(() => window.mp.interrupt(10_000)), true);
    assert.match((await running).out, /KeyboardInterrupt/);
    assert.deepEqual(page.problems, []);
  });
}
