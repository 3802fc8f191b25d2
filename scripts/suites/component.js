/** The engine as a component: tests/component, by Node's own test runner. */

import { join } from "node:path";
import { buildComponent } from "../component.js";
import { ROOT } from "../lib/paths.js";
import { runNodeTests, testFiles } from "./node.js";

export default {
  title: "The component and its guests: node --test",
  /** @param {string} title */
  async run(title) {
    await buildComponent();
    return runNodeTests(title, testFiles(join(ROOT, "tests", "component")));
  },
};
