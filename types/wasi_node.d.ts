import type { MessagePort, Worker } from "node:worker_threads";
import type { Files, Filesystem, Network } from "./wasi.js";

/** The host's sockets and standard input, on the thread that has them: not the program's. */
export class NodeNetwork {
  /** @param allow All that the program may reach, as "example.com:443"; everything unless given. */
  constructor(allow?: string[] | null);
  /** To be handed to the program's thread, as `workerData`. */
  readonly control: SharedArrayBuffer;
  /** Serves the program of a worker. Its messages that are none of the network's go to `other`. */
  serve(worker: Worker, other?: (message: any) => void): void;
  /**
   * Ends it, when all that was written has left, or nothing has for so many milliseconds. Resolves
   * with whether all has.
   */
  close(limit?: number): Promise<boolean>;
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
