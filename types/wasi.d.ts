/** WASI 0.2 for components in JavaScript, with sockets. */

/** A network channel: NodeNetwork of micropython-ssl/wasi/node. */
export interface Network {
  /** Called when the program was asked to stop; its waits end. */
  onInterrupt: () => void;
  /** Closes every socket, as the end of a process does. */
  closeAll(): void;
  /** What `wasi()` calls: sockets by their handles, and waiting. */
  open(family: number, type: number): number;
  get(handle: number): any;
  lookup(host: string, family: number): any;
  openInput(): any;
  look(): void;
  seen(): number;
  wait(seen: number, deadline: number): number;
}

/**
 * Where files are kept. Everything is done at once. Paths are absolute and have `/` between their
 * parts. What fails throws an error whose `code` is the name of the errno, as Node's errors have
 * it.
 */
export interface Files {
  /** Whether the store follows links and `..` in a path itself. */
  followsLinks?: boolean;
  /** What is between the parts of a path, if not `/` alone. */
  separators?: string | RegExp;
  /** The file; null for a folder. */
  open(path: string, options: OpenOptions): OpenFile | null;
  stat(path: string, follow: boolean): Stat;
  list(path: string): { name: string; type: FileType }[];
  makeFolder(path: string): void;
  removeFolder(path: string): void;
  remove(path: string): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readLink(path: string): string;
  setTimes(path: string, follow: boolean, times: FileTimes): void;
}

export interface OpenOptions {
  read: boolean;
  write: boolean;
  create: boolean;
  exclusive: boolean;
  truncate: boolean;
  follow: boolean;
}

export interface OpenFile {
  /** Empty at the end. */
  read(length: number, position: number): Uint8Array;
  write(bytes: Uint8Array, position: number): number;
  append(bytes: Uint8Array): number;
  stat(): Stat;
  resize(size: number): void;
  setTimes(times: FileTimes): void;
  sync(): void;
  close(): void;
}

export type FileType = "unknown" | "block-device" | "character-device" | "directory" | "fifo" | "symbolic-link" | "regular-file" | "socket";

/** Times are nanoseconds since 1970. */
export interface Stat {
  type: FileType;
  links: bigint;
  size: bigint;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
  device: bigint;
  inode: bigint;
}

/** Null for one that stays as it is. */
export interface FileTimes {
  accessed: bigint | null;
  modified: bigint | null;
}

/** The interfaces of wasi:filesystem. */
export interface Filesystem {
  types: object;
  preopens: object;
}

/**
 * A component whose core modules are compiled. It may be instantiated many times. Nothing is
 * transpiled.
 */
export class Component {
  private constructor(...parts: any[]);
  static compile(bytes: Uint8Array | ArrayBuffer): Promise<Component>;
  /**
   * @param imports The interfaces, by name, with or without their version, as jco's transpiled
   *   components want them: functions in camelCase, resources as classes. A function whose result
   *   is a WIT result returns its value or throws what the error carries.
   * @returns What it exports, by names without versions. Errors of WIT are thrown with them as
   *   `payload`.
   */
  instantiate(imports: Record<string, object>, options?: { suspends?: (name: string) => boolean }): Record<string, any>;
}

/** Thrown through a component that ends itself. */
export class Exit extends Error {
  constructor(code: number);
  readonly code: number;
}

/**
 * Whether a function, named `interface#function`, may return a promise where the network's thread
 * may not block; for `instantiate()`.
 */
export function suspends(name: string): boolean;

/** Linux' errno of the last error on this thread, if WASI has no name for it; otherwise 0. */
export function errorNumber(): number;
/**
 * For `micropython:ssl/host`: a text about the last error of a socket, if its number tells a user
 * too little.
 */
export function errorText(number: number): string;

/**
 * For `micropython:ssl/host`, as its `setTcpOption` and `setUdpOption`: sets an option of a socket
 * that WASI lacks. Level, number and value are Linux'.
 *
 * @returns 1, 0 if the option is not known, or a negative errno.
 */
export function setSocketOption(
  socket: { setOption(name: string, value: number | { group: string | null; local: string | null }): number },
  level: number,
  number: number,
  value: bigint,
): number;

/** The interfaces of wasi:cli, clocks, filesystem, io, random and sockets, by name. */
export function wasi(host: {
  network: Network;
  filesystem: Filesystem;
  /** The program's name, and its arguments. */
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Writes all of it. The bytes are overwritten later. */
  stdout: (bytes: Uint8Array) => void;
  stderr: (bytes: Uint8Array) => void;
  /** Whether the network has an input for the program; else it reads the end of its file. */
  stdin?: boolean;
  /** Which of standard input, output and error are a terminal. */
  terminals?: boolean[];
}): Record<string, object>;
