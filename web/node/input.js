/** The process's standard input as a connection of the network channel that is only read. */

/** @type {(events: import("../net/host.js").ConnectionEvents) => import("../net/host.js").Connection} */
export function standardInput(events) {
  const { stdin } = process;
  stdin.on("data", events.data);
  stdin.once("end", events.end);
  stdin.on("error", events.error);
  queueMicrotask(events.open);
  return {
    write: (bytes, done) => done(),
    pause: () => stdin.pause(),
    resume: () => stdin.resume(),
    end(done) {
      stdin.pause();
      done();
    },
    destroy: () => stdin.pause(),
    setOption() {},
  };
}

/**
 * A terminal's input, character by character as it is typed.
 *
 * @param {() => boolean} interrupted Called for Ctrl-C; true if that was an interrupt, false to pass the character on.
 * @returns {typeof standardInput}
 */
export function terminalInput(interrupted) {
  return (events) => {
    const data = (bytes) => {
      if (!bytes.includes(CTRL_C) || !interrupted()) events.data(bytes);
    };
    process.stdin.setRawMode(true);
    process.on("exit", () => process.stdin.setRawMode(false));
    return standardInput({ ...events, data });
  };
}

const CTRL_C = 3;
