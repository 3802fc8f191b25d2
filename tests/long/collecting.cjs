/**
 * Loaded before the runner (`node --require`): its threads collect garbage now and then, so that its memory shows what it keeps, and not how long V8
 * puts off collecting.
 */

const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");
const { isMainThread } = require("node:worker_threads");

const INTERVAL = 500; // ms

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

if (isMainThread) {
  setInterval(collect, INTERVAL).unref();
} else {
  // The program's thread does nothing else than run it; what it prints is looked at.
  fs.writeSync = new Proxy(fs.writeSync, {
    apply(write, self, args) {
      collect();
      return Reflect.apply(write, self, args);
    },
  });
  syncBuiltinESMExports();
}
