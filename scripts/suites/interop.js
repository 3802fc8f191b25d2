/**
 * MicroPython's own network tests with one end on the Node runner and the other on a real
 * MicroPython with Mbed TLS, in both roles.
 */

import { reference } from "../../tests/micropython/interpreters.js";
import { runListed } from "./micropython.js";

export default {
  title: "MicroPython's network tests, one end on a real MicroPython",
  /** @param {string} title */
  run(title) {
    return runListed(title, "interop.json", { peer: reference });
  },
};
