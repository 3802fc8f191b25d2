/** Installs JavaScript modules and Python files in an interpreter. */

/** The folder of the Python files. No program uses this path by chance. */
export const PYTHON_FOLDER = "/.micropython-ssl";

/**
 * Makes JavaScript modules importable and puts Python files where MicroPython imports them, before
 * its frozen modules.
 *
 * @param {import("./memory.js").Interpreter} mp From loadMicroPython().
 * @param {object} what
 * @param {Record<string, object>} [what.modules] JavaScript modules by name.
 * @param {Record<string, string>} [what.files] Python files by path relative to PYTHON_FOLDER:
 *   "socket.py", "asyncio/core.py".
 */
export function registerModules(mp, { modules = {}, files = {} }) {
  for (const [name, module] of Object.entries(modules)) mp.registerJsModule(name, module);
  for (const [path, text] of Object.entries(files)) {
    const whole = `${PYTHON_FOLDER}/${path}`;
    makeFolder(mp.FS, whole.slice(0, whole.lastIndexOf("/")));
    mp.FS.writeFile(whole, text);
  }
}

/** @param {import("./filesystem.js").EmscriptenFS} FS @param {string} path */
function makeFolder(FS, path) {
  if (path === "" || FS.analyzePath(path).exists) return;
  makeFolder(FS, path.slice(0, path.lastIndexOf("/")));
  FS.mkdir(path);
}
