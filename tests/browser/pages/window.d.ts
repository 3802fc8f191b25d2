/** What the pages of tests have in their window, and what tests put there. */

import type { MicroPython, PageNetwork, StartOptions } from "../../../types/index.js";

type RunOptions = Parameters<MicroPython["run"]>[1];
/** A worker of a page; mode `async` has no method that these tests miss. */
type StartInPage = (options?: StartOptions) => Promise<MicroPython>;

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
    startNetwork(options?: { transport?: StartOptions["transport"] }): Promise<PageNetwork>;

    // Of tests/micropython/page.js:
    interpreters: Map<number, { mp: MicroPython; printed: Promise<void>[] }>;
    addInterpreter(number: number): Promise<void>;
    execute(number: number, program: { files: [string, string][]; code: string; name: string; args: string[] }): Promise<number>;
    printed(number: number, message: { text?: string; error?: string }): Promise<void>;
  }
}
