/** Node's native tls at its best: reading into one buffer all the time, as few programs do. */

import { nodeClient } from "../lib/node-client.js";
import { main } from "./frame.js";

await main((options) => nodeClient({ ...options, buffer: Buffer.alloc(64 * 1024) }));
