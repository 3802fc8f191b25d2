/**
 * The tests in a real browser: tests/browser, by Node's own test runner: all in Chromium, the
 * playground also in Firefox and WebKitGTK.
 */

import { join } from "node:path";
import { ROOT } from "../lib/paths.js";
import { runNodeTests, testFiles } from "./node.js";

export default {
  title: "Pages in browsers: node --test",
  /** @param {string} title */
  run(title) {
    return runNodeTests(title, testFiles(join(ROOT, "tests", "browser")));
  },
};
