/** The process's standard input as a read-only connection of the network channel. */

/**
 * @type
 *   {(events: import("../net/server.js").ConnectionEvents) => import("../net/server.js").Connection}
 */
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
