/**
 * MicroPython in a page as a program: `page_program.js SOCKET [-X OPTION] [-c CODE | FILE] ARGS…`.
 * page.js listens at the socket.
 */

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [, , socket, ...args] = process.argv;
while (args[0] === "-X") args.splice(0, 2);
if (!args.length) args.push("-c", process.stdin.isTTY ? "print('a page has no prompt')" : readFileSync(0, "utf8"));
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^MICROPY(THON_|PATH$)/.test(name)));
const connection = connect(socket);
/** @param {object} message */
const send = (message) => connection.write(`${JSON.stringify(message)}\n`);

send({ args, cwd: process.cwd(), env });
// An interpreter that was given something to read serves no other program.
let typed = false;
process.stdin.setEncoding("utf8");
process.stdin.on("data", (input) => {
  typed = true;
  send({ input });
});
process.stdin.on("end", () => typed && send({ input: null }));
for await (const line of createInterface({ input: connection })) {
  const { text = "", error = "", exit } = JSON.parse(line);
  process.stderr.write(error);
  process.stdout.write(text, () => exit !== undefined && process.exit(exit));
}
