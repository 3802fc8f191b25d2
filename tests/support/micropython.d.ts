/** What the tests use of npm's MicroPython, which has no types of its own. */

declare module "@micropython/micropython-webassembly-pyscript" {
  /** A program's values are of any type. */
  export interface Interpreter {
    runPython(code: string): any;
    runPythonAsync(code: string): Promise<any>;
    registerJsModule(name: string, module: object): void;
    globals: { get(name: string): any };
    FS: { mkdirTree(path: string): void; writeFile(path: string, content: string | Uint8Array): void };
  }

  export function loadMicroPython(options?: { pystack?: number; heapsize?: number; linebuffer?: boolean }): Promise<Interpreter>;
}
