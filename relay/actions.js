/**
 * The contract between a session and its adapter (node.js, workers.js). What the session asks for,
 * and what the adapter then calls:
 *
 * - send: Send the packet to the client; then call `sent(packet)`.
 * - lookup: Look the name up; then call `lookedUp` or `failed`.
 * - connect: Connect the link to the first of the addresses that answers; then call `connected` or
 *   `failed`.
 * - write: Write the bytes; then call `wrote(link, bytes)`.
 * - end: Send the end after what was written.
 * - destroy: Close at once. After this, as after every end of a socket, call `closed`.
 * - read, readClient: Read from the link, or from the client, or stop that (`on`).
 * - ping: Ping the client, and call `ponged` when it answers this very one.
 * - close: Close the WebSocket; at once where the client does not read.
 * - log: Log the entry.
 *
 * @typedef {{do: "send", packet: Uint8Array}
 *   | {do: "lookup", link: number, name: string}
 *   | {do: "connect", link: number, kind: "tcp" | "udp", addresses: string[], port: number}
 *   | {do: "write", link: number, bytes: Uint8Array}
 *   | {do: "end" | "destroy", link: number}
 *   | {do: "read", link: number, on: boolean}
 *   | {do: "readClient", on: boolean}
 *   | {do: "ping"}
 *   | {do: "close", code: number, reason: string, atOnce: boolean}
 *   | {do: "log", entry: SessionEntry}} Action
 *
 * @typedef {object} SessionOptions
 * @property {Targets} targets
 * @property {Limits} limits
 * @property {Memory} memory Of the process.
 * @property {boolean} udp Whether UDP is carried. Default: false.
 * @property {(now: number) => boolean} mayConnect Whether the rates of this client allow one
 *   connection more. Default: always.
 * @property {boolean} canWait Whether the adapter can stop reading the client, and sees whether it
 *   answers pings. Default: true.
 * @property {boolean} needsCredit Whether clients have to give credit, because nothing else makes a
 *   fast target wait for them. Default: false.
 *
 * @typedef {import("./log.js").Entry & {quietly?: boolean}} SessionEntry It is counted, and
 *   with `quietly` it is not logged.
 */

/**
 * @import { Limits, Memory } from "./limits.js"
 * @import { Targets } from "./targets.js"
 */

export {};
