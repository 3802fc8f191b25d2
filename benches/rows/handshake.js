/** Full TLS handshakes of a client that verifies the server. */

import { rowsOf } from "../lib/cases.js";
import { REFERENCE, measureClients } from "../lib/clients.js";

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "TLS handshakes",
  rows: rowsOf("handshake"),
  reference: REFERENCE,
  measure: (bench, rows) => measureClients("handshake", bench, rows),
};
