import type { MessagePort, Worker } from "node:worker_threads";
import type { Files, Filesystem, Network } from "./wasi.js";

/** The host's sockets and standard input, on the thread that has them: not the program's. */
export class NodeNetwork {
  /** To be handed to the program's thread, as `workerData`. */
  readonly control: SharedArrayBuffer;
  /** Serves the program of a worker. Its messages that are none of the network's go to `other`. */
  serve(worker: Worker, other?: (message: any) => void): void;
  /** Ends it, when what was sent has left or so many milliseconds have gone. */
  close(limit?: number): Promise<void>;
}

/** The network on the program's thread, for wasi(); `port` is the worker's `parentPort`. */
export function connectNetwork(control: SharedArrayBuffer, port: MessagePort): Network;

/** The host's files. */
export const hostFiles: Files;

/**
 * What a program finds open: the name that it knows, and the path in `files`. What is outside these
 * folders cannot be reached.
 */
export function filesystem(files: Files, folders: [name: string, path: string][]): Filesystem;
