/** Counts for operators, in Prometheus' text format. */

const PREFIX = "micropython_ssl_relay_";

const COUNTERS = {
  clients_total: "Clients that were let in.",
  clients_refused_total: "Clients that were turned away.",
  connections_total: "Connections that were made.",
  connections_refused_total: "Connections that the relay did not try.",
  connections_closed_total: "Connections that were tried and have ended.",
  bytes_total: "Bytes that were carried by connections that have ended.",
  errors_total: "Failures of the relay itself.",
};

export class Metrics {
  /** @type {Map<string, number>} */
  #counts = new Map();

  /** @param {keyof typeof COUNTERS} name @param {Record<string, string | number>} [labels] */
  add(name, labels = {}, amount = 1) {
    const key = name + labelled(labels);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + amount);
  }

  /** @param {Record<string, [help: string, value: number]>} gauges */
  text(gauges) {
    const lines = [];
    for (const [name, [help, value]] of Object.entries(gauges)) lines.push(...about(name, help, "gauge"), `${PREFIX}${name} ${value}`);
    for (const [name, help] of Object.entries(COUNTERS)) {
      const counts = [...this.#counts].filter(([key]) => key === name || key.startsWith(`${name}{`));
      lines.push(...about(name, help, "counter"), ...counts.sort().map(([key, value]) => `${PREFIX}${key} ${value}`));
    }
    return `${lines.join("\n")}\n`;
  }
}

/** @param {string} name @param {string} help @param {"gauge" | "counter"} type */
function about(name, help, type) {
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`];
}

/**
 * Labels are ours and never a client's text: names and numbers that need no escapes.
 *
 * @param {Record<string, string | number>} labels
 */
function labelled(labels) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}
