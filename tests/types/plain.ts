/** A program that has neither a page's types nor Node's, and uses what every runtime has. */

import {
  connect, createTransport, DtlsSocket, installMicroPython, listen, loadEngine, startMicroPython, TlsSocket, Transport, wisp, websockify,
  type Observation, type TransportConnection,
} from "micropython-ssl";
import componentAddress from "micropython-ssl/component.wasm";
import engineAddress from "micropython-ssl/engine.wasm";
import micropythonAddress from "micropython-ssl/micropython.wasm";
import rootsAddress from "micropython-ssl/roots.pem";
import { engine as inlined } from "micropython-ssl/inline";
import { relayWorker } from "micropython-ssl/relay/workers";
import { Component, wasi } from "micropython-ssl/wasi";

export const addresses: string[] = [componentAddress, engineAddress, micropythonAddress, rootsAddress];

class Mine extends Transport {
  async connect({ host, port }: { host: string; port: number }): Promise<TransportConnection> {
    return { read: async () => null, write: async () => {}, close: () => {}, peer: { host, port } };
  }
}

const watch = (connection: Observation): string | null | undefined => connection.tls?.certificates[0] && connection.tls.version;

export async function use(mp: object): Promise<number> {
  const engine = await loadEngine(inlined);
  const context = new engine.Context(2);
  context.setTime(0);
  const carrier = { recvInto: () => -11, send: (_: Uint8Array, __: number, length: number) => length, timeout: 0 };
  const dtls: TlsSocket = new DtlsSocket(engine, context.connectDatagram(undefined, false), carrier);
  using tls = new TlsSocket(engine, context.connect(undefined, false), carrier, { verify: (certificate, depth) => certificate.length + depth });
  const errno: number | undefined = tls.failure?.errno ?? dtls.failure?.errno;

  const network: Transport = await createTransport({ wisp: "wss://relay.example/", timeout: 1000 });
  await createTransport({ websockify: "wss://relay.example/", tokens: { "example.com:443": "abc" } });
  await createTransport({ module: "/mine.js", anything: 1 });
  await createTransport(new Mine());
  await createTransport({ connect: new Mine().connect, close() {} });
  wisp({ url: "wss://relay.example/", queueLimit: 1 });
  websockify({ url: (host, port) => `wss://relay.example/${host}/${port}` });
  // @ts-expect-error A description names a relay.
  await createTransport({ relay: "wss://relay.example/" });
  // @ts-expect-error The address is a text.
  wisp({ url: 1 });

  const installation = await installMicroPython(mp, { transport: network, onConnection: watch });
  installation.interrupt();
  const started = await startMicroPython({ transport: { wsproxy: "wss://relay.example/" }, onConnection: watch, mode: "jspi" });
  // @ts-expect-error There is no such mode.
  await startMicroPython({ mode: "quick" });

  const socket = connect("example.com:443", { secureTransport: "on", alpn: ["h2"], transport: network });
  const { alpn } = await socket.opened;
  for await (const incoming of await listen({ port: 0 }, { transport: network })) incoming.startTls({ sni: alpn ?? "" });
  // @ts-expect-error TLS is on or off.
  connect("example.com:443", { secureTransport: "maybe" });

  const component = await Component.compile(inlined);
  component.instantiate({});
  wasi satisfies Function;
  relayWorker({ allow: ["example.com:443"], metrics: true });
  return (await started.run("print(1)", { args: [] })) + (errno ?? 0);
}
