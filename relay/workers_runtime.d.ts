/** What relay/workers.js uses of workerd that pages and Node do not have. */

declare module "cloudflare:sockets" {
  interface Socket {
    readonly opened: Promise<unknown>;
    readonly closed: Promise<void>;
    readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly writable: WritableStream<Uint8Array>;
    close(): Promise<void>;
  }
  function connect(address: { hostname: string; port: number }, options: { allowHalfOpen: boolean }): Socket;
}

interface WorkerWebSocket extends WebSocket {
  accept(): void;
  send(data: string | Blob | BufferSource | Uint8Array): void;
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: WorkerWebSocket };

interface ResponseInit {
  webSocket?: WebSocket;
}
