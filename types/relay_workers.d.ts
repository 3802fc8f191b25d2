/** The relay for Cloudflare's Workers: see docs/relay.md. */
import type { Limits, RelayOptions } from "./relay_options.js";

export type { Limits, LogEntry, RelayOptions } from "./relay_options.js";
export { jsonLine, parseTokens, signToken } from "./relay_options.js";

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
