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
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("MICROPYTHON_TLS")));
const connection = connect(socket);
const send = (message) => connection.write(`${JSON.stringify(message)}\n`);

send({ args, cwd: process.cwd(), env });
process.stdin.setEncoding("utf8").on("data", (input) => send({ input }));
for await (const line of createInterface({ input: connection })) {
  const { text = "", exit } = JSON.parse(line);
  process.stdout.write(text, () => exit !== undefined && process.exit(exit));
}
