/** The relay for Cloudflare's Workers: see docs/relay.md. */
import type { Limits, LogEntry, RelayOptions } from "./index.js";

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
export function jsonLine(entry: LogEntry, time?: Date): string;
export function parseTokens(text: string): Record<string, string>;
export function signToken(options: { holder: string; secret: string; expires: number }): Promise<string>;
