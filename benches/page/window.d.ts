/** What the bench's page has in its window: page.js. */

import type { Mode, MicroPython, TransportDescription } from "../../types/index.js";

declare global {
  interface Window {
    mp: MicroPython;
    /** What the program has printed. */
    out: string;
    program: string;
    busyTimer: ReturnType<typeof setInterval> | undefined;
    busy(on: boolean): void;
    plain(options: { url: string; kind: "download" | "trips"; amount: number }): Promise<number | number[]>;
    startBench(options: { mode: Mode; transport: TransportDescription; ca: string }): Promise<void>;
    measure(...args: (string | number)[]): Promise<number | number[]>;
  }
}
