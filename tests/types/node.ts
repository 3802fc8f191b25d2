/** A program for Node, with Node's types. */

import { createServer } from "node:http";
import { Worker, parentPort } from "node:worker_threads";

import { connect, type SocketInfo } from "micropython-ssl";
import { LIMITS, NodeRelay, jsonLine, parseTokens, signToken, textLine, type LogEntry } from "micropython-ssl/relay";
import { filesystem, hostFiles, connectNetwork, NodeNetwork } from "micropython-ssl/wasi/node";
import { wasi } from "micropython-ssl/wasi";

const relay = new NodeRelay({
  allow: ["example.com:443"],
  limits: { clients: LIMITS.clients + 1 },
  tokens: parseTokens("name secret"),
  log: (entry: LogEntry) => console.log(jsonLine(entry), textLine(entry)),
});
createServer().on("upgrade", (request, socket, head) => void relay.upgrade(request, socket, head, { token: "abc" }));
await relay.drain(1);
await signToken({ holder: "name", secret: "secret", expires: Date.now() });
// @ts-expect-error A limit is a number.
new NodeRelay({ limits: { clients: "many" } });

const socket = connect({ hostname: "example.com", port: 443 });
const info: SocketInfo = await socket.opened;
const reader: ReadableStreamDefaultReader<Uint8Array> = socket.readable.getReader();
console.log(info.remoteAddress, (await reader.read()).value?.length);

const network = new NodeNetwork();
network.serve(new Worker("program.js", { workerData: network.control }));
if (parentPort) {
  wasi({
    network: connectNetwork(network.control, parentPort),
    filesystem: filesystem(hostFiles, [["/", process.cwd()]]),
    args: ["program"],
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
  });
}
