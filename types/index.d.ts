/** micropython-ssl: TLS for MicroPython in WebAssembly, and for JavaScript. */

/// <reference path="./globals.d.ts" />

export type { Context, Connection } from "../dist/engine/micropython_ssl.js";
import type { Connection, Context } from "../dist/engine/micropython_ssl.js";

/** What memory can be given as. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** The engine's WebAssembly module, instantiated. */
export interface Engine {
  /** Settings, and `connect()` for connections: MicroPython's `tls.SSLContext`. */
  Context: typeof Context;
  /**
   * The engine's memory. Make it afresh after every call into the engine: it is replaced when
   * memory grows.
   */
  bytes(): Uint8Array;
  /** Where plaintext is exchanged, an address in `bytes()`. */
  exchange: number;
  /** Length of the exchange buffer in bytes. */
  exchangeLength: number;
  /** All cipher suites, in order of preference. */
  cipherSuites(): string[];
}

/** Loads the engine, once; later calls get the same instance. */
export function loadEngine(source?: URL | string | Response | Bytes | WebAssembly.Module): Promise<Engine>;

/** What carries ciphertext, synchronously. */
export interface SyncTransport {
  /** Bytes received, 0 at the end, or -errno (-11: it would block). */
  recvInto(bytes: Uint8Array, offset: number, length: number): number;
  /** Bytes sent, at least 1, or -errno. */
  send(bytes: Uint8Array, offset: number, length: number): number;
  /** Must not be asked for more than what completes a record. */
  exact?: boolean;
  /** Set where an answer stands for an exception; the operation then comes to RAISED. */
  raised?: boolean;
  /**
   * Runs nobody else's code, so that it may use the engine's memory itself; others are given
   * copies.
   */
  direct?: boolean;
  /** Answers at once when it may not wait (`timeout` 0), at hardly any cost. */
  prompt?: boolean;
  /** How long an operation may wait, in milliseconds; set to 0 meanwhile where nothing may wait. */
  timeout?: number;
}

/** An operation failed; `failure` is the reason. */
export const FAILED: -4;
/** An operation would block; nothing was read or written. */
export const BLOCKED: -5;
/** The transport raised an exception of its own; the connection goes on. */
export const RAISED: -6;

export interface SocketOptions {
  /**
   * The program's verify callback, for contexts with `setVerifyCallback(true)`: it gets each
   * certificate (DER) and its depth, from the top of the chain to the leaf at 0, and returns 0 if
   * it has nothing against it. Any other result, and an exception, refuses the peer; so does no
   * callback.
   */
  verify?: (certificate: Uint8Array, depth: number) => number | null;
  /**
   * The pre-shared key of a client, for contexts after `askForPsks()`: 1 to 48 bytes for this
   * identity, or null to refuse the client. An exception refuses it too; so does no function.
   */
  psk?: (identity: Uint8Array) => Uint8Array | null;
  /** Called when an operation ends, for example to take the context's key log. */
  onEnd?: () => void;
}

/** One end of a TLS connection, as a stream of plaintext. */
export class TlsSocket {
  /** `connection` is owned from now on. */
  constructor(engine: Engine, connection: Connection, transport: SyncTransport, options?: SocketOptions);
  /** Why the last operation failed: `name` is Python's exception, `errno` its number. */
  failure: (Error & { errno?: number }) | null;
  /** Completes the handshake: 0, BLOCKED, FAILED or RAISED. */
  handshake(): number;
  /** Reads what is there of one record: bytes, 0 at end of file, BLOCKED, FAILED or RAISED. */
  read(target: () => Uint8Array, offset: number, length: number): number;
  /** As `read`, and takes further records that are there, if the transport is `prompt`. */
  readOn(target: () => Uint8Array, offset: number, length: number): number;
  /** As `read`, not beyond the end of a line. Not over DTLS. */
  readLine(target: () => Uint8Array, offset: number, length: number): number;
  /** Writes at most the engine's exchange buffer: bytes, BLOCKED, FAILED or RAISED. */
  write(source: () => Uint8Array, offset: number, length: number): number;
  /** Events ready among `wanted`; in the upper 16 bits those to ask the transport for. */
  poll(wanted: number): number;
  /** What is ready among `wanted`, given the transport's answer. */
  polled(wanted: number, answer: number): number;
  /**
   * Says goodbye where that needs no waiting, and frees the connection. False if it was closed
   * before.
   */
  close(): boolean;
  [Symbol.dispose](): void;
}

/**
 * One end of a DTLS connection, from `Context.connectDatagram()`: each write is a datagram, each
 * read (the rest of) one.
 */
export class DtlsSocket extends TlsSocket {}

export interface Address {
  host: string;
  port: number;
}

/**
 * How a page reaches the network. A transport sees only what a relay may see, which with TLS is
 * ciphertext. Its methods fail with errors whose `code` is the name of an errno. Those that a
 * transport does not have fail with "EOPNOTSUPP".
 */
export class Transport {
  /** Whether datagram() can be used. */
  get udp(): boolean;
  /** Opens a TCP connection. */
  connect(target: { host: string; port: number; signal?: AbortSignal }): Promise<TransportConnection>;
  /** Waits for TCP connections; port 0 takes a free one. */
  listen(options: { host?: string; port?: number; backlog?: number }): Promise<TransportListener>;
  /** Opens a UDP socket. */
  datagram(options?: { host?: string; port?: number; to?: Address }): Promise<TransportDatagramSocket>;
  /** Looks whether the network can be reached. */
  open(options?: { signal?: AbortSignal }): Promise<void>;
  /** Ends everything that was opened; nothing can be opened afterwards. */
  close(): void;
}

/**
 * A transport of your own need not extend the class: `connect` and `close` are what it has to have.
 */
export type TransportLike = Pick<Transport, "connect" | "close"> & Partial<Pick<Transport, "listen" | "datagram" | "open">>;

export interface TransportConnection {
  /** Bytes that came, at least one; null at the end. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends the end of the stream, where that can be done without close(). */
  end?(): void;
  close(): void;
  /** The other end, where it is known. */
  peer?: Address;
  /** This end, where it is known. */
  local?: Address;
}

export interface TransportListener {
  address: Address;
  accept(): Promise<TransportConnection | null>;
  close(): void;
}

export interface TransportDatagramSocket {
  address: Address;
  send(bytes: Uint8Array, to: Address): Promise<void>;
  receive(): Promise<{ bytes: Uint8Array; host: string; port: number } | null>;
  close(): void;
}

export interface WebSocketOptions {
  /** Subprotocols to offer. */
  protocols?: string[];
  /** Gives up opening. */
  signal?: AbortSignal;
  /** Milliseconds for the relay to answer. Default: 10,000. */
  timeout?: number;
  /**
   * Bytes that may wait to be read if the relay cannot be slowed down. The connection fails if more
   * wait. Default: 64 MiB.
   */
  queueLimit?: number;
  /** The class of WebSockets, where there is no global one or another is wanted. */
  WebSocket?: new (url: string, protocols?: string | string[]) => any;
  /** The same of WebSocketStream; null for none. */
  WebSocketStream?: (new (url: string, options: { protocols: string[] }) => any) | null;
}

/** A transport as data, which can cross from a page to its workers. */
export type TransportDescription =
  | ({ wisp: string } & Allowed & WebSocketOptions)
  | ({ websockify: string; tokens?: Record<string, string> } & Allowed & WebSocketOptions)
  | ({ wsproxy: string } & Allowed & WebSocketOptions)
  | ({ module: string; [option: string]: unknown } & Allowed);

export interface Allowed {
  /**
   * All that programs reach over the relay, "host:port" each, as in "*.example.com:443"; anything
   * unless given.
   */
  allow?: string[];
}

/** Why a transport failed: `code` is "ECONNREFUSED", "ETIMEDOUT", … */
export class TransportError extends Error {
  constructor(code: string, message: string, options?: { cause?: unknown });
  code: string;
}

/** @throws {TypeError} for an object that is no transport; it names the method that is missing. */
export function createTransport(description?: Transport | TransportLike | TransportDescription | null): Promise<Transport>;
/** TCP and UDP over one WebSocket: Wisp v1. */
export function wisp(options: { url: string } & WebSocketOptions): Transport;
/** One WebSocket a connection: websockify. */
export function websockify(
  options: {
    /** With `{host}` and `{port}`, or `{token}`, to be filled in. */
    url: string | ((host: string, port: number) => string);
    /** The token of each "host:port". What is not in it cannot be reached. */
    tokens?: Record<string, string>;
  } & WebSocketOptions,
): Transport;
/** One WebSocket a connection: wsproxy. */
export function wsproxy(options: { url: string } & WebSocketOptions): Transport;
/** Pairs of streams, however they come about. */
export function streams(options: {
  open(target: { host: string; port: number; signal?: AbortSignal }): Promise<{
    readable: ReadableStream<Uint8Array>;
    writable: WritableStream<Uint8Array>;
  }>;
}): Transport;
/** A network inside the page: 127.0.0.1. */
export interface LoopbackNetwork extends Transport {
  /** Whether something listens on a TCP port. */
  listens(port: number): boolean;
  /** Whether a UDP socket has a port. */
  receives(port: number): boolean;
}

export function loopback(): LoopbackNetwork;
/** 127.0.0.1 inside the page, everything else over `relay`. */
export function inPage(loopback: LoopbackNetwork, relay: Transport | TransportLike | null): Transport;

/**
 * What is known of a connection. Each observation replaces the one before with the same `id`. Times
 * are in milliseconds since 1970.
 */
export interface Observation {
  id: number;
  host: string;
  port: number;
  /** Whether the peer opened it. */
  incoming: boolean;
  opened: number;
  /** When it was established; null if that is not known. */
  connected: number | null;
  closed: number | null;
  /** The errno of the network that ended it or kept it from standing. */
  broken: number | null;
  /** Bytes on the wire. */
  sent: number;
  received: number;
  /** Null for what goes out as it is. */
  tls: TlsObservation | null;
}

export interface TlsObservation {
  /** The name that was asked for (SNI) and looked for in the certificate. */
  name: string | null;
  version: string | null;
  suite: string | null;
  /** The group of the key exchange. */
  group: string | null;
  /** The protocol that ALPN chose. */
  protocol: string | null;
  /** The peer's chain in DER, its own certificate first. */
  certificates: Uint8Array[];
  /**
   * Whether the connection would not stand if the peer could not be verified; null until it stands.
   */
  verified: boolean | null;
  recordsSent: number;
  recordsReceived: number;
  established: number | null;
  /** The first records, and alerts. */
  records: { at: number; out: boolean; what: string; bytes: number }[];
  failure: string | null;
}

export interface InstallOptions {
  /** How programs reach the outside; in Node the host's own sockets, unless given. */
  transport?: Transport | TransportLike | TransportDescription | null;
  /**
   * "isolated": calls may wait, which a worker of a cross-origin isolated page can do; "async":
   * nothing waits; "auto": what can be had.
   */
  mode?: "auto" | "isolated" | "async";
  /** The engine's wasm, where it is not beside the package's files. */
  engine?: string | URL | Bytes | WebAssembly.Module;
  /**
   * Mozilla's root certificates: the address of a PEM file, or its content; for
   * `ssl.create_default_context()`.
   */
  roots?: string | URL | Uint8Array;
  /**
   * Clients of `ssl` verify their peers by Mozilla's roots unless the program sets another mode.
   */
  verify?: "required";
  /** Gets what programs print. Default: MicroPython's own output. */
  stdout?(text: string): void;
  stderr?(text: string): void;
  /** Whether programs read from standard input what `input()` gives them. */
  stdin?: boolean;
  /** Told of each connection, and again whenever something about it has changed. */
  onConnection?(connection: Observation): void;
  /** Ends the installation. */
  signal?: AbortSignal;
}

/** Sockets and TLS in a MicroPython. */
export interface Installation {
  /**
   * "isolated" where calls may wait; "async" where a call that would have to raises OSError and
   * names the one that need not.
   */
  readonly mode: "isolated" | "async";
  /** Gives the program text or bytes to read from standard input; null is its end. */
  input(text: string | Uint8Array | null): void;
  /** Raises KeyboardInterrupt in what the program awaits at its top level. */
  interrupt(): void;
  /** Closes all sockets and forgets all tasks, as the end of a program does. */
  reset(): void;
  /** Closes all sockets and the way to the network. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Gives a loaded MicroPython of npm, 1.27 or newer, `socket`, `ssl`, `tls`, `select` and asyncio's
 * streams.
 */
export function installMicroPython(mp: object, options?: InstallOptions): Promise<Installation>;

/** A page's network: one worker, which interpreters share. */
export interface PageNetwork {
  close(): void;
}

/** Starts the worker that owns a page's network. */
export function startNetwork(options?: { transport?: TransportDescription | null }): Promise<PageNetwork>;

export interface StartOptions {
  /**
   * Default: "auto". "async" runs programs on the page's own thread, where they reach the document.
   * A mode that is not possible is an error with the reason.
   */
  mode?: "auto" | Mode;
  /**
   * Address of a copy of service_worker.js, at or above the page's; without it there is no mode
   * "service-worker".
   */
  serviceWorker?: string | URL;
  /** How programs reach the outside; without it there is only 127.0.0.1 inside the page. */
  transport?: TransportDescription | null;
  /** A network to share instead of one of its own. */
  network?: PageNetwork;
  stdout?(text: string): void;
  stderr?(text: string): void;
  onStage?(stage: "micropython" | "engine" | "network"): void;
  /** Told of each connection, and again whenever something about it has changed. */
  onConnection?(connection: Observation): void;
  files?: Record<string, string | Uint8Array>;
  /** MicroPython for workers, where it is not beside the package's files. */
  component?: string | URL | ArrayBuffer | Uint8Array;
  /** For mode "async": npm's MicroPython, and the engine. */
  micropython?: string;
  micropythonWasm?: string;
  engine?: string | URL | Bytes | WebAssembly.Module;
  roots?: string | URL | Uint8Array;
  /**
   * Clients of `ssl` verify their peers by Mozilla's roots unless the program sets another mode.
   */
  verify?: "required";
  /**
   * Bytes of the heap. In workers it has this size (default: 32 MiB); in mode "async" it grows from
   * this size (default: 8 MiB).
   */
  heap?: number;
}

/**
 * How blocking calls block: in a worker of a cross-origin isolated page, or, experimental, by
 * JavaScript Promise Integration or a service worker.
 */
export type Mode = "isolated" | "jspi" | "service-worker" | "async";

/**
 * Starts MicroPython in the best mode that the page has unless it insists on one; in a worker,
 * except in mode "async".
 */
export function startMicroPython(options?: StartOptions): Promise<MicroPython>;

/** MicroPython in a worker of the page. */
export class MicroPython {
  private constructor(...parts: any[]);
  /** The mode that it got. */
  readonly mode: Mode;
  /** Runs a program to its end; resolves with its exit code. One at a time. */
  run(code: string, options?: { name?: string; args?: string[] }): Promise<number>;
  /** Gives the program text or bytes to read from standard input; null is its end. */
  input(text: string | Uint8Array | null): void;
  /**
   * Raises KeyboardInterrupt in the running program, whatever it does; resolves with whether it
   * ended.
   */
  interrupt(patience?: number): Promise<boolean>;
  /**
   * Stops the running program, if need be by a fresh MicroPython with the same files; resolves when
   * the next one can be run.
   */
  stop(patience?: number): Promise<void>;
  listFiles(): Promise<{ path: string; size: number; modified: number }[]>;
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, content: string | Uint8Array): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Ends the worker, whatever it does. */
  terminate(): void;
}

/** What connect(), listen() and their sockets fail with. */
export class SocketError extends Error {
  constructor(code: string, message: string, options?: { cause?: unknown });
  /**
   * "ECONNREFUSED", "ERR_TLS_CERTIFICATE", "ERR_ABORTED", "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE", …
   */
  code: string;
}

export interface TlsOptions {
  /**
   * Authorities to trust, in PEM or DER. Default: Mozilla's. In Node the environment adds to them
   * by NODE_EXTRA_CA_CERTS, and replaces them by SSL_CERT_FILE.
   */
  ca?: string | Uint8Array;
  /** Our own certificates, leaf first, in PEM or DER; `key` belongs to them. */
  cert?: string | Uint8Array;
  /** Our private key, in PEM or DER. */
  key?: string | Uint8Array;
  /** False accepts every peer: whoever carries the connection can then read and change it. */
  verify?: boolean;
  /** The name that the peer must have, and that is sent as SNI; the host's unless given. */
  sni?: string;
  /** Protocols to negotiate, most wanted first. */
  alpn?: string[];
  /** Cipher suites, as `ssl.SSLContext.set_ciphers()` takes them. */
  ciphers?: string[];
  minimumVersion?: "TLSv1.2" | "TLSv1.3";
  maximumVersion?: "TLSv1.2" | "TLSv1.3";
}

export interface ConnectOptions extends TlsOptions {
  /** Default: "off", plain TCP. "starttls" is plain until startTls(). */
  secureTransport?: "off" | "on" | "starttls";
  /** Whether `writable` stays open when the peer has ended its stream. Default: false. */
  allowHalfOpen?: boolean;
  /** How to reach the network. Default in Node, Deno and Bun: the machine's sockets. */
  transport?: Transport | TransportLike | TransportDescription | null;
  /** Breaks the connection off. */
  signal?: AbortSignal;
}

export interface SocketAddress {
  hostname: string;
  port: number;
}

export interface SocketInfo {
  /** "host:port", where it is known. */
  remoteAddress: string | null;
  /** "host:port", where it is known. */
  localAddress: string | null;
  /** The protocol chosen by ALPN, if one was. */
  alpn?: string | null;
  version?: string | null;
  cipher?: string | null;
  /** The peer's own certificate, in DER. */
  peerCertificate?: Uint8Array | null;
}

/** A TCP or TLS connection, as in WinterTC's Sockets API. */
export class Socket {
  private constructor(...parts: any[]);
  readonly secureTransport: "off" | "on" | "starttls";
  /** Whether startTls() was called. */
  readonly upgraded: boolean;
  /**
   * Resolves when the connection is open, with TLS when the peer is verified. Rejects where it
   * cannot be opened, or is closed before it is open.
   */
  readonly opened: Promise<SocketInfo>;
  /** Resolves when the socket is closed, and rejects when the connection broke. */
  readonly closed: Promise<void>;
  /** What comes from the peer; a reader may bring memory of its own (`{ mode: "byob" }`). */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What goes to the peer. Closing it tells the peer that no more will come; reading goes on. */
  readonly writable: WritableStream<Bytes>;
  /**
   * Closes both directions when what was written before is sent. A connection that is still
   * opening, and to which nothing was written, is given up. Later writes fail with the reason.
   */
  close(reason?: unknown): Promise<void>;
  /** Starts TLS on a socket of `secureTransport: "starttls"`, which is not to be used any more. */
  startTls(options?: TlsOptions): Socket;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Connections that others open. */
export class Listener implements AsyncIterable<Socket> {
  private constructor(...parts: any[]);
  readonly address: SocketAddress;
  /** The next connection; null after close(). */
  accept(): Promise<Socket | null>;
  close(): void;
  [Symbol.asyncIterator](): AsyncIterator<Socket>;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a connection, verified by Mozilla's roots unless `ca` has others. @throws {TypeError}
 * for what cannot be an address, or an option.
 */
export function connect(address: string | SocketAddress, options?: ConnectOptions): Socket;

/** Options of connectDatagram(). */
export type DatagramOptions = Omit<ConnectOptions, "secureTransport" | "allowHalfOpen" | "alpn" | "minimumVersion" | "maximumVersion">;

/** A connection of DTLS: the chunks of its streams are datagrams. */
export class DatagramSocket {
  private constructor(...parts: any[]);
  /** Resolves when the handshake is complete and the peer is verified. */
  readonly opened: Promise<SocketInfo>;
  /** Resolves when the socket is closed, and rejects when the connection broke. */
  readonly closed: Promise<void>;
  /** Datagrams that come. Those that nobody reads in time are lost, as UDP may lose them. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Datagrams that go, a chunk each. Closing it closes the socket. */
  readonly writable: WritableStream<Bytes>;
  /** Says close_notify and ends the connection, when what was written before is sent. */
  close(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a connection of DTLS 1.2, where the transport has UDP. @throws {TypeError} for what cannot
 * be an address, or an option.
 */
export function connectDatagram(address: string | SocketAddress, options?: DatagramOptions): DatagramSocket;

/**
 * Waits for connections where the transport can; they speak TLS if `cert` and `key` are given. Port
 * 0 takes a free one.
 */
export function listen(address: { hostname?: string; port?: number }, options?: ConnectOptions): Promise<Listener>;
