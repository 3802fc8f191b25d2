/** How blocking calls block in a page, best first, and which ways this page has. */

import { canSwitchStacks } from "../jspi/stack_switching.js";

/** @typedef {"isolated" | "jspi"} Mode */

/** A mode that was insisted on and cannot be had here. */
export class ModeError extends Error {
  constructor(message) {
    super(message);
    this.name = "ModeError";
  }
}

/** Why a mode cannot be had here; null where it can. */
const OBSTACLES = {
  isolated: () =>
    globalThis.crossOriginIsolated
      ? null
      : "this page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
  jspi: () => (canSwitchStacks() ? null : "this browser has no JavaScript Promise Integration for WebAssembly"),
};

/**
 * @param {"auto" | Mode} [wanted]
 * @returns {Mode} The wanted one, or the best that there is.
 */
export function chooseMode(wanted = "auto") {
  if (wanted === "auto") {
    const found = Object.keys(OBSTACLES).find((mode) => OBSTACLES[mode]() === null);
    if (found) return found;
    throw new ModeError(`MicroPython cannot block here: ${Object.values(OBSTACLES).map((why) => why()).join("; ")}`);
  }
  if (!Object.hasOwn(OBSTACLES, wanted)) throw new ModeError(`no such mode: ${wanted}; there are auto, ${Object.keys(OBSTACLES).join(", ")}`);
  const obstacle = OBSTACLES[wanted]();
  if (obstacle) throw new ModeError(`mode "${wanted}" cannot be had: ${obstacle}`);
  return wanted;
}
