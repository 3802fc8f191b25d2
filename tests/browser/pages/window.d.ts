/** What the pages of tests have in their window, and what tests put there. */

import type { MicroPython, Observation, StartOptions, startMicroPython, TlsObservation } from "../../../types/index.js";
import type { startNetwork } from "../../../web/browser/network.js";

type RunOptions = Parameters<MicroPython["run"]>[1];
/** A worker of a page; mode `async` has no method that these tests miss. */
type StartInPage = (options?: StartOptions) => Promise<MicroPython>;
/** A connection as a page tells the test of it: of its certificates only how long they are. */
type Watched = Omit<Observation, "tls"> & { tls: (Omit<TlsObservation, "certificates"> & { certificates: number[] }) | null };

declare global {
  interface Window {
    mp: MicroPython;
    /** What the program has printed. */
    out: string;
    exit: number | null;
    start: StartInPage;
    run(code: string, options?: RunOptions): Promise<{ exit: number; out: string }>;
    begin(options: StartOptions, code: string): Promise<void>;
    taken(): { out: string; exit: number | null };
    startMicroPython: StartInPage;
    startNetwork: typeof startNetwork;
    // Of tests/browser/network.test.js and modes.test.js:
    connections: Map<number, Watched>;
    calls: number;
    // Of dist/inline.js:
    micropythonSSL: { startMicroPython: typeof startMicroPython };

    // Of tests/micropython/page.js:
    interpreters: Map<number, { mp: MicroPython; printed: Promise<void>[] }>;
    addInterpreter(number: number): Promise<void>;
    execute(number: number, program: { files: [string, string][]; code: string; name: string; args: string[] }): Promise<number>;
    printed(number: number, message: { text?: string; error?: string }): Promise<void>;
  }
}
