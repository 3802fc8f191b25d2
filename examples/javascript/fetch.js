/** Fetches a page over TLS: `node examples/javascript/fetch.js example.com:443 / [ca.pem]`. */

import { readFileSync } from "node:fs";
import { connect } from "micropython-ssl";

const [address, path, ca] = process.argv.slice(2);
const host = address.replace(/:\d+$/, "");
const socket = connect(address, { secureTransport: "on", ca: ca && readFileSync(ca) });

const { version, cipher } = await socket.opened;
console.error(`${host}: ${version}, ${cipher}`);

const writer = socket.writable.getWriter();
await writer.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
for await (const bytes of socket.readable) process.stdout.write(bytes);
