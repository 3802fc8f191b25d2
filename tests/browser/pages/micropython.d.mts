/** npm's MicroPython, which has no types. */
export function loadMicroPython(options: { linebuffer?: boolean }): Promise<{ runPythonAsync(code: string): Promise<unknown> }>;
