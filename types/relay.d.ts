/** The relay for Node: see docs/relay.md. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { Limits, LogEntry, RelayOptions } from "./relay_options.js";

export type { Limits, LogEntry, RelayOptions } from "./relay_options.js";
export { jsonLine, parseTokens, signToken } from "./relay_options.js";

export class NodeRelay {
  /** @throws {RangeError} Says which option is wrong. */
  constructor(options: RelayOptions & { trustedProxies?: string[] });
  readonly health: "ok" | "draining";
  /** In Prometheus' text format. */
  readonly metrics: string;
  readonly originHosts: string[];
  /**
   * Takes over a request of an HTTP server to become a WebSocket; checks of the Host are the
   * caller's.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options?: { token?: string; refusal?: string }): Promise<void>;
  /**
   * Takes no clients and no streams any more; resolves when the last one has ended, or after so
   * many seconds, when all are cut.
   */
  drain(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export const LIMITS: Limits;
export function textLine(entry: LogEntry, time?: Date): string;
