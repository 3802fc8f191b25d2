/** wasi:clocks. */

const NANOSECONDS = 1e6; // of a millisecond

/** @param {import("./poll.js").Waiting} waiting */
export function clockInterfaces(waiting) {
  const now = () => performance.now();
  /** @param {number} deadline */
  const at = (deadline) => waiting.pollable(undefined, deadline);
  return {
    "wasi:clocks/monotonic-clock": {
      now: () => BigInt(Math.round(now() * NANOSECONDS)),
      resolution: () => BigInt(NANOSECONDS / 1000),
      /** @param {bigint} when */
      subscribeInstant: (when) => at(Number(when) / NANOSECONDS),
      /** @param {bigint} duration */
      subscribeDuration: (duration) => at(now() + Number(duration) / NANOSECONDS),
    },
    "wasi:clocks/wall-clock": {
      now() {
        const time = performance.timeOrigin + now();
        return { seconds: BigInt(Math.floor(time / 1000)), nanoseconds: Math.floor((time % 1000) * NANOSECONDS) };
      },
      resolution: () => ({ seconds: 0n, nanoseconds: NANOSECONDS / 1000 }),
    },
  };
}
