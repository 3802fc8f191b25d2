/** Builds the playground into a folder that any static host can show. */

import { cpSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { policyOf } from "../../web/node/page_policy.js";
import { DIST, ROOT } from "./paths.js";
import { writeDocs } from "./playground-docs.js";
import { moduleNames } from "./playground-names.js";
import { Problem } from "./progress.js";

const SOURCE = join(ROOT, "playground");
export const PLAYGROUND = join(DIST, "playground");
const YEARS = 10 * 365 * 86_400_000; // ms

/**
 * @param {object} [options]
 * @param {string} [options.folder] dist/playground unless told.
 * @param {boolean} [options.minify]
 */
export async function buildPlayground({ folder = PLAYGROUND, minify = true } = {}) {
  const { build } = await import("esbuild");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: {
      main: join(SOURCE, "main.js"),
      interpreter_worker: join(ROOT, "web/browser/interpreter_worker.js"),
      network_worker: join(ROOT, "web/browser/network_worker.js"),
    },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify,
    sourcemap: true,
    legalComments: "linked",
    logLevel: "warning",
  });
  checkPage(readFileSync(join(SOURCE, "index.html"), "utf8"));
  for (const name of ["index.html", "style.css", "docs.css", "icon.svg", "prompt.py"]) copyFileSync(join(SOURCE, name), join(folder, name));
  cpSync(join(SOURCE, "examples"), join(folder, "examples"), { recursive: true });
  copyFileSync(join(DIST, "engine", "micropython_ssl_bg.wasm"), join(folder, "engine.wasm"));
  copyFileSync(join(DIST, "micropython.host.wasm"), join(folder, "micropython.wasm"));
  copyFileSync(join(ROOT, "web/browser/service_worker.js"), join(folder, "service_worker.js"));
  writeFileSync(join(folder, "config.json"), `${JSON.stringify({ relay: { wisp: "relay/" }, services: {} }, null, 2)}\n`);
  writeFileSync(join(folder, "names.json"), JSON.stringify(await moduleNames()));
  await writeDocs(join(folder, "docs"));
  copyMicroPython(folder);
  await writeCertificates(folder);
}

/**
 * Looks that the page has a Content-Security-Policy that lets only its own files run, and nothing
 * in it that the policy would keep from running.
 *
 * @param {string} html
 * @throws {Problem} that names what is wrong.
 */
export function checkPage(html) {
  const sources = Object.fromEntries(policyOf(html).split(/;\s*/).map((directive) => directive.split(/\s+(.*)/)));
  if (sources["default-src"] !== "'none'") throw new Problem("the playground's page has no Content-Security-Policy with default-src 'none'");
  if (sources["script-src"] !== "'self' 'wasm-unsafe-eval'") throw new Problem(`the playground's policy lets other scripts run: ${sources["script-src"]}`);
  const [inline] = /<script(?![^>]*\ssrc=)[^>]*>|<style|\s(on\w+|style)="|javascript:/.exec(html) ?? [];
  if (inline) throw new Problem(`the playground's page has something inline, which its policy forbids: ${inline.trim()}`);
}

/** @param {string} folder */
function copyMicroPython(folder) {
  const source = dirname(createRequire(import.meta.url).resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs"));
  mkdirSync(join(folder, "micropython"));
  for (const name of ["micropython.mjs", "micropython.wasm"]) copyFileSync(join(source, name), join(folder, "micropython", name));
}

/**
 * Certificates for servers inside the page, which nobody else trusts, and Mozilla's roots for those
 * outside.
 *
 * @param {string} folder
 */
async function writeCertificates(folder) {
  const { authority } = await import("../../tests/support/pki.js");
  const names = ["localhost", "127.0.0.1"];
  const now = Date.now();
  const to = new Date(now + YEARS);
  const ca = authority({ subject: "Playground authority", to });
  const certificates = {
    server: ca.issue({ names, to }),
    expired: ca.issue({ names, from: new Date(now - YEARS), to: new Date(now - YEARS / 2) }),
    other: authority({ subject: "Another authority", to }).issue({ names: ["other.example"], to }),
  };
  const certs = join(folder, "certs");
  mkdirSync(certs);
  writeFileSync(join(certs, "ca.pem"), ca.pem);
  for (const [name, certificate] of Object.entries(certificates)) {
    writeFileSync(join(certs, `${name}.pem`), certificate.chainPem);
    writeFileSync(join(certs, `${name}.key`), certificate.keyPem);
  }
  writeFileSync(join(folder, "roots.pem"), `${rootCertificates.join("\n")}\n`);
}
