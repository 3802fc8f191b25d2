/** The reference: Node's native tls, as programs use it. */

import { nodeClient } from "../lib/node-client.js";
import { main } from "./frame.js";

await main((options) => nodeClient(options));
