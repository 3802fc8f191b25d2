import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { CASES, SUBJECTS, figure } from "../../benches/lib/cases.js";
import { median, table } from "../../benches/lib/table.js";
import { start } from "../support/programs.js";

const SERVER = new URL("../../benches/lib/server.js", import.meta.url).pathname;

test("every client of the bench does its case and tells its CPU time", async (t) => {
  const server = await start(process.execPath, [SERVER], { ready: /^\{.*\}$/m });
  t.after(server.stop);
  const { ports, ca } = JSON.parse(server.output());
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), ca);
  for (const name of ["handshake.tls12.ecdsa", "handshake.tls13.rsa", "bulk.chacha20", "bulk.aes128gcm"]) {
    const { kind } = CASES[name];
    const amounts = kind === "handshake" ? ["1", "2"] : ["1000", "100000"];
    for (const [program, ...args] of Object.values(SUBJECTS)) {
      const { stdout } = await promisify(execFile)(program, [...args, kind, ports[name], join(folder, "ca.pem"), ...amounts]);
      assert(Number(stdout) > 0, `${name}: ${[program, ...args].join(" ")} printed ${stdout}`);
    }
  }
});

test("figures are milliseconds a handshake and megabytes a second", () => {
  assert.equal(figure({ kind: "handshake", amount: 100 }, 250_000), 2.5);
  assert.equal(figure({ kind: "bulk", amount: 64_000_000 }, 128_000), 500);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(table(["", "", "x"], [["case", "ms", "10"]]), "           x\n----  --  --\ncase  ms  10");
});
