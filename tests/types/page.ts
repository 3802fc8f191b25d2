/** A page, with a page's types. */

import { connect, startMicroPython, streams, wisp } from "micropython-ssl";
import { installMicroPython } from "micropython-ssl/inline";

const pair = new TransformStream<Uint8Array, Uint8Array>();
const transport = streams({ open: async () => pair });
const socket = connect("example.com:443", { secureTransport: "on", transport, signal: AbortSignal.timeout(1000) });
const text: ReadableStream<string> = socket.readable.pipeThrough(new TextDecoderStream());
await socket.writable.getWriter().write(new TextEncoder().encode("hello"));
for await (const part of text) document.body.append(part);

/** A class of WebSockets that is not the page's, such as that of `ws`. */
class OtherWebSocket {
  constructor(readonly url: string) {}
}
connect("example.com:443", { transport: wisp({ url: "wss://relay.example/", WebSocket: OtherWebSocket }) });

const mp = await startMicroPython({
  component: new URL("micropython.host.wasm", location.href),
  stdout: (part) => document.body.append(part),
});
await mp.writeFile("main.py", "print(1)");
await installMicroPython({}, { engine: await WebAssembly.compile(new Uint8Array()) });
