/**
 * Handshakes of a program in a page whose network beyond the relay is torn: tests/node/torn.test.js
 * has what other runtimes make of it, at more places. A page's servers are for clients of the same
 * page, so there the client itself tears what it sends.
 */

import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { test } from "node:test";
import { missingBrowser, openPage, runIn, serveTestPages, startBrowser } from "../support/browser.js";
import { cast } from "../support/pki.js";
import { tlsServer } from "../support/servers.js";
import { bothEndsProgram, clientProgram, faultsOf, judge, tornNetwork } from "../support/torn.js";

/** @import { Fault } from "../support/torn.js" */

// Signatures by RSA have one length, so that each handshake has as many bytes as the first.
const { ca, server: certificate } = cast("rsa2048");
/** Some 60 places of a handshake. */
const DENSITY = { edge: 10, step: 40 };
const MOST_GROWTH = 16 * 1024; // bytes of the heap
const FEWEST = 12; // connections until the heap is measured

test("a client in a page whose network is torn raises, and goes on with others", { skip: missingBrowser }, async (t) => {
  const pages = await serveTestPages({ isolate: true, limits: { connectsPerMinute: Infinity } });
  t.after(pages.close);
  const browser = await startBrowser();
  t.after(browser.stop);
  const page = await openPage(browser, pages);
  const options = { transport: { wisp: `${pages.url.replace("http", "ws")}relay/` }, files: { "/ca.pem": ca.pem } };
  await page.evaluate((options) => window.start(options), options);

  for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
    const tls = { minVersion: version, maxVersion: version, secureOptions: constants.SSL_OP_NO_TICKET };
    const honest = await tlsServer(certificate, (socket) => socket.pipe(socket), tls);
    t.after(honest.stop);
    /** @param {number} port @param {number} count */
    const run = async (port, count) => {
      const { exit, out } = await runIn(page, clientProgram(honest.port, port, count));
      assert.equal(exit, 0, out);
      return out.trim().split("\n");
    };
    const whole = await tornNetwork(t, honest.port, "client");
    await run(whole.port, FEWEST);
    const handshake = whole.handshake();
    const faults = faultsOf(handshake, DENSITY);
    const torn = await tornNetwork(t, honest.port, "client", faults.values());
    const lines = await run(torn.port, faults.length);
    const growth = Number(lines.pop());
    t.diagnostic(`${version}: ${faults.length} connections; the heap grew by ${growth} bytes`);
    const wrong = faults.map((fault, i) => judge(fault, lines[i], handshake)).filter(Boolean);
    assert.deepEqual(wrong, [], `of a handshake of ${handshake.length} bytes`);
    assert.ok(growth < MOST_GROWTH, `${growth} bytes of the heap stayed`);
  }
});

test("a server in a page whose clients are torn raises, and goes on with others", { skip: missingBrowser }, async (t) => {
  const pages = await serveTestPages({ isolate: true });
  t.after(pages.close);
  const browser = await startBrowser();
  t.after(browser.stop);
  const page = await openPage(browser, pages);
  const files = { "/ca.pem": ca.pem, "/chain.pem": certificate.chainPem, "/key.pem": certificate.keyPem };
  await page.evaluate((options) => window.start(options), { files });
  for (const version of ["TLSv1_2", "TLSv1_3"]) {
    const { exit, out } = await runIn(page, bothEndsProgram(version, DENSITY.step));
    assert.equal(exit, 0, out);
    const [first, ...lines] = out.trim().split("\n");
    const [length, versions] = JSON.parse(first);
    const [stillThere, growth] = lines.splice(-2).map(Number);
    const wrong = lines.filter((line) => {
      const [how, at, printed] = line.split(" ");
      const fault = { how: /** @type {Fault["how"]} */ (how), at: Number(at) };
      return judge(fault, printed, { length, versions: new Set(versions) });
    });
    assert.equal(lines.length, 2 * Math.ceil((length - 1) / DENSITY.step));
    assert.deepEqual(wrong, [], `of a handshake of ${length} bytes`);
    assert.equal(stillThere, "still here".length);
    assert.ok(growth < MOST_GROWTH, `${growth} bytes of the heap stayed`);
  }
});
