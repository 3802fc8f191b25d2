/** What both adapters of the relay take and give. */

export interface Limits {
  /** WebSockets at a time. */
  clients: number;
  /** WebSockets of one address at a time; of IPv6, of one /64. */
  clientsPerAddress: number;
  /** Sockets of one WebSocket at a time. */
  connections: number;
  /** Bytes that may wait in the whole process. */
  memory: number;
  /** Bytes of one client that may wait for its targets. */
  sessionMemory: number;
  /** Bytes that may wait for a client before its targets are read no more. */
  clientBacklog: number;
  /** WebSockets that one address may open. */
  clientsPerMinute: number;
  /** Connections that one address, and one token, may ask for. */
  connectsPerMinute: number;
  /** For a connection to be made. */
  connectSeconds: number;
  /** After which a connection is closed on which nothing moves. */
  idleSeconds: number;
  /** For a target to take what was sent to it before its connection was closed. */
  closeSeconds: number;
  /**
   * After which a target that takes nothing loses its connection, if the client's other
   * connections wait for it.
   */
  stallSeconds: number;
  /** Between the pings of a client. */
  pingSeconds: number;
}

export interface LogEntry {
  event: "started" | "connected" | "closed" | "refused" | "turned away" | "error" | "warning";
  client?: string;
  /** Whose token it was. */
  token?: string;
  target?: string;
  address?: string;
  kind?: "tcp" | "udp";
  up?: number;
  down?: number;
  seconds?: number;
  reason?: string;
  why?: string;
}

export interface RelayOptions {
  /** Targets, as "example.com:443". Default: none. */
  allow?: string[];
  /** Origins of pages that may use the relay besides those of its own host; "*" for all. */
  origins?: string[];
  /** Secrets by their holders' names; with any, clients need a token. */
  tokens?: Record<string, string>;
  /** Whether UDP is carried. Default: false; never on Workers. */
  udp?: boolean;
  limits?: Partial<Limits>;
  log?: (entry: LogEntry) => void;
}

export function jsonLine(entry: LogEntry, time?: Date): string;
/** Reads a file of tokens: a line "name secret" for each holder. */
export function parseTokens(text: string): Record<string, string>;
/** A token that expires; `expires` in milliseconds since 1970. */
export function signToken(options: { holder: string; secret: string; expires: number }): Promise<string>;
