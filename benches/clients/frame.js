/** What clients written in JavaScript have in common: arguments, warm-up, measuring. */

import { readFileSync } from "node:fs";

/**
 * @typedef {object} Connection
 * @property {(bytes: number) => Promise<void>} download Asks for so many bytes and reads them.
 * @property {() => void} close
 *
 * @typedef {object} Client
 * @property {() => Promise<Connection>} open Connects, shakes hands, verifies the server and reads
 *   its greeting.
 */

/**
 * Measures a client as the end of the command line says, and prints the microseconds of CPU that
 * the process took. What comes before these arguments is the client's own.
 *
 * @param {(options: {port: number, ca: string}) => Client | Promise<Client>} makeClient
 */
export async function main(makeClient) {
  const [kind, port, caFile, warmUp, amount] = process.argv.slice(-5);
  const client = await makeClient({ port: Number(port), ca: readFileSync(caFile, "utf8") });
  const measured = kind === "handshake" ? handshakes : downloads;
  console.log(await measured(client, Number(warmUp), Number(amount)));
  process.exit();
}

/** @param {Client} client @param {number} warmUp @param {number} amount */
async function handshakes(client, warmUp, amount) {
  /** @param {number} count */
  const some = async (count) => {
    for (let i = 0; i < count; i++) (await client.open()).close();
  };
  await some(warmUp);
  return cpuOf(() => some(amount));
}

/** @param {Client} client @param {number} warmUp @param {number} amount */
async function downloads(client, warmUp, amount) {
  const connection = await client.open();
  await connection.download(warmUp);
  return cpuOf(() => connection.download(amount));
}

/** @param {() => Promise<void>} work */
async function cpuOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
