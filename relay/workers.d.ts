/** The relay for Cloudflare's Workers: see docs/relay.md. */
import type { Limits, RelayOptions } from "./types.js";

export type { Limits, LogEntry, RelayOptions } from "./types.js";
export { jsonLine, parseTokens, signToken } from "./types.js";

export interface WorkerOptions extends Omit<RelayOptions, "udp"> {
  /** Whether to answer at /metrics. */
  metrics?: boolean;
  /** Address of a resolver that answers DNS over HTTPS in JSON. */
  resolver?: string;
}

export const WORKERS_LIMITS: Partial<Limits>;
export function relayWorker(options: WorkerOptions): { fetch(request: Request): Promise<Response> };
/** A Worker whose settings are the variables ALLOW, ORIGINS, TOKENS, METRICS and RESOLVER. */
declare const worker: { fetch(request: Request, env: Record<string, string>): Promise<Response> };
export default worker;
