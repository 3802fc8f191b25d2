/** Downloads over TLS. */

import { rowsOf } from "../lib/cases.js";
import { REFERENCE, measureClients } from "../lib/clients.js";

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "Downloads over TLS",
  rows: rowsOf("bulk"),
  reference: REFERENCE,
  measure: (bench, rows) => measureClients("bulk", bench, rows),
};
