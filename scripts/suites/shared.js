/**
 * Tests of tests/node that hold for every runtime: the runner has them in its own suite,
 * wasmtime in the suite `wasi`, a page in the suite `page`.
 */

import { join } from "node:path";
import { ROOT } from "../lib/paths.js";

const SHARED = [
  "asyncio", "bad-peers", "closing", "dtls", "examples", "extensions", "first_data", "many_connections", "micropython_lib", "packages",
  "peer_certificate", "psk", "pypi-programs", "reentrant", "refused", "select", "server_names", "socket", "torn",
];

/** Those that a page cannot have, and why. */
const NOT_IN_PAGE = {
  dtls: "its programs serve, and a page's servers are found in that page only",
  examples: "its programs serve, and a page's servers are found in that page only",
  many_connections: "it measures processes",
  packages: "it is about the command line",
  peer_certificate: "its programs serve, and a page's servers are found in that page only",
  socket: "its programs serve; the suite differential compares a page's sockets, situation by situation",
  torn: "a relay ends both directions of a connection at once",
};

/** Those that are about what is C in wasmtime. */
const OF_C = ["bad-peers", "dtls", "extensions", "first_data", "peer_certificate", "psk", "reentrant", "refused", "select", "server_names", "socket"];

/** Which of them wait, and so are run in each mode of a page. */
const WAITING = ["asyncio", "first_data", "select"];

export const shared = {
  all: files(SHARED),
  ofC: files(OF_C),
  inPage: files(SHARED.filter((name) => !(name in NOT_IN_PAGE))),
  waiting: files(WAITING),
  notInPage: Object.entries(NOT_IN_PAGE).map(([name, reason]) => ({ name: `${name}.test.js in a page`, reason })),
};

/** @param {string[]} names */
function files(names) {
  return names.map((name) => join(ROOT, "tests", "node", `${name}.test.js`));
}
