/** The worker that runs MicroPython. */

import { serveInterpreter } from "./interpreter_thread.js";

const receive = serveInterpreter((message, transfer = []) => self.postMessage(message, { transfer }));
self.onmessage = ({ data }) => receive(data);
