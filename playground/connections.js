/** The connections panel: each connection's target, TLS parameters, certificates and outcome. */

import { messageOf } from "../web/net/errno.js";
import { fingerprint, readCertificate } from "./x509.js";

/**
 * @import { Observation as Observed, TlsObservation } from "../web/browser/observations.js"
 *
 * @typedef {Omit<Observed, "id"> & {id: number | string}} Observation The program's connections
 *   have numbers as ids.
 *
 * @typedef {object} Drawn
 * @property {HTMLDetailsElement} element
 * @property {HTMLElement} summary
 * @property {HTMLElement} body
 *
 * @typedef {{observation: Observation, drawn: Drawn | null}} Shown
 */

const REFRESH = 150; // ms

/**
 * Why a connection could not be opened or has ended, by errno.
 *
 * @type {Record<number, [name: string, reason: string]>}
 */
const REASONS = {
  13: ["EACCES", "The relay does not allow this target"],
  71: ["EPROTO", "The relay does not speak its protocol"],
  100: ["ENETDOWN", "No relay answers"],
  101: ["ENETUNREACH", "No relay is set: there is only 127.0.0.1 inside this page"],
  104: ["ECONNRESET", "The connection was reset, or the relay went away"],
  105: ["ENOBUFS", "More came than was read, and nothing could make the sender wait"],
  110: ["ETIMEDOUT", "Nobody answered in time"],
  111: ["ECONNREFUSED", "Nobody listens there"],
  113: ["EHOSTUNREACH", "The host cannot be reached, or there is none of this name"],
};

export class Connections {
  #list;
  #counter;
  /** @type {Map<Observation["id"], Shown>} */
  #shown = new Map();
  /** @type {Set<Observation["id"]>} */
  #dirty = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} counter Shows how many there are.
   */
  constructor(list, counter) {
    this.#list = list;
    this.#counter = counter;
  }

  clear() {
    this.#shown.clear();
    this.#dirty.clear();
    this.#list.replaceChildren();
    this.#counter.hidden = true;
  }

  /**
   * Explains an OSError that ended the program.
   *
   * @param {string} text The end of the program's standard error.
   * @returns {{errno: number, name: string, target: string, reason: string} | null} Null for an
   *   error that is not of a connection.
   */
  explain(text) {
    const [, one, other] = /OSError: (?:(\d+)|\[Errno (\d+)\][^\n]*)\s*$/.exec(text) ?? [];
    const errno = Number(one ?? other);
    const broken = [...this.#shown.values()].map(({ observation }) => observation).findLast((observation) => observation.broken === errno);
    if (!broken || !(errno in REASONS)) return null;
    const [name, reason] = REASONS[errno];
    return { errno, name, target: `${broken.host}:${broken.port}`, reason };
  }

  /** @param {Observation} observation */
  show(observation) {
    this.#dirty.add(observation.id);
    this.#shown.set(observation.id, { drawn: this.#shown.get(observation.id)?.drawn ?? null, observation });
    this.#timer ||= setTimeout(() => this.draw(), REFRESH);
  }

  /** A connection in the list, not drawn yet. @returns {Drawn} */
  #add() {
    const drawn = { element: create("details", "connection"), summary: create("summary"), body: create("div", "body") };
    drawn.element.append(drawn.summary, drawn.body);
    drawn.element.open = this.#list.childElementCount === 0;
    this.#list.append(drawn.element);
    return drawn;
  }

  /** Draws the pending changes now. */
  draw() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const id of this.#dirty) {
      const shown = this.#shown.get(id);
      if (!shown) continue;
      shown.drawn ??= this.#add();
      drawConnection(shown.drawn, shown.observation);
    }
    this.#dirty.clear();
    this.#counter.textContent = String(this.#shown.size);
    this.#counter.hidden = this.#shown.size === 0;
  }
}

/** @param {Drawn} drawn @param {Observation} observation */
function drawConnection({ summary, body }, observation) {
  const { host, port, incoming, tls, sent, received, closed } = observation;
  const [badge, badgeKind] = badgeOf(observation);
  summary.replaceChildren(
    create("span", `badge ${badgeKind}`, badge),
    create("span", "peer", incoming ? `from ${host}:${port}` : `${host}:${port}`),
    create("span", "traffic", `↑ ${size(sent)}  ↓ ${size(received)}${closed ? "" : "  · open"}`),
    create("span", "secured", tls || transferred(observation) || !closed ? securedBy(tls) : ""),
  );
  body.replaceChildren();
  const [, reason] = (observation.broken !== null && REASONS[observation.broken]) || [];
  if (reason) body.append(create("p", "failure", `${reason} (errno ${observation.broken})`));
  if (tls?.failure) body.append(create("p", "failure", tls.failure));
  const unverified = tls && whyUnverified(observation, tls);
  if (unverified) body.append(create("p", "failure", unverified));
  if (!tls && reason && !transferred(observation)) return;
  body.append(...(tls ? tlsDetails(observation, tls) : [create("p", "note", "Nothing secures this connection: the relay, and everybody on the way, can read and change what goes over it.")]));
}

/** @param {Observation} observation */
function transferred({ sent, received }) {
  return sent > 0 || received > 0;
}

/** @param {Observation} observation @returns {[text: string, kind: string]} */
function badgeOf(observation) {
  const { tls, broken } = observation;
  if (broken !== null && !transferred(observation)) return ["not connected", "failed"];
  if (!tls) return ["not encrypted", "plain"];
  if (tls.failure && tls.established === null) return ["handshake failed", "failed"];
  if (tls.failure) return ["broken", "failed"];
  if (tls.established === null) return ["handshake …", ""];
  if (whyUnverified(observation, tls)) return [`${tls.version}, not verified`, "unverified"];
  return tls.verified ? [`${tls.version}, verified`, "verified"] : [tls.version ?? "", ""];
}

/**
 * Why the peer's identity is unknown. Null where the peer was verified. Null for clients too: they
 * need no certificate.
 *
 * @param {Observation} observation
 * @param {TlsObservation} tls
 */
function whyUnverified({ incoming }, tls) {
  if (incoming || tls.established === null) return null;
  if (!tls.verified) {
    return "Not verified: the program accepts any certificate, so anybody on the way can pose as this server, and read and change everything. Ask for verify_mode = ssl.CERT_REQUIRED.";
  }
  if (tls.name === null) return "The name was not verified: the program gave no server_hostname, so any server with a certificate of a trusted authority would do.";
  return null;
}

/** @param {TlsObservation | null} tls */
function securedBy(tls) {
  if (!tls) return "plain TCP";
  return [tls.suite, tls.group].filter(Boolean).join(" · ");
}

/** @param {Observation} observation @param {TlsObservation} tls */
function tlsDetails({ opened, closed, sent, received }, tls) {
  const facts = create("dl");
  const fact = (/** @type {string} */ name, /** @type {string | null} */ value) => value !== null && facts.append(create("dt", "", name), create("dd", "", value));
  fact("Server name", tls.name);
  fact("Protocol", tls.version);
  fact("Cipher suite", tls.suite);
  fact("Key exchange", tls.group);
  fact("ALPN", tls.protocol);
  fact("Sent", `${sent.toLocaleString("en")} bytes in ${tls.recordsSent} records`);
  fact("Received", `${received.toLocaleString("en")} bytes in ${tls.recordsReceived} records`);
  fact("Handshake", tls.established === null ? null : `complete ${milliseconds(tls.established - opened)} after the connection was opened`);
  fact("Closed", closed === null ? null : `after ${((closed - opened) / 1000).toFixed(2)} s`);
  /** @type {HTMLElement[]} */
  const parts = [facts];
  if (tls.certificates.length > 0) parts.push(create("h3", "", "Certificates of the peer"), ...tls.certificates.map(certificate));
  if (tls.records.length > 0) parts.push(create("h3", "", "Time line"), phases(opened, tls), timeline(tls, opened));
  return parts;
}

/** @param {Uint8Array} der */
function certificate(der) {
  const element = create("div", "certificate");
  try {
    const { subject, issuer, from, to, names, key, signature, ca } = readCertificate(der);
    const now = Date.now();
    const valid = from.getTime() <= now && now <= to.getTime();
    element.classList.toggle("invalid", !valid);
    const day = (/** @type {Date} */ date) => date.toISOString().slice(0, 10);
    const state = now < from.getTime() ? " – not valid yet" : now > to.getTime() ? " – expired" : "";
    element.append(
      create("strong", "", subject || "(no subject)"),
      create("small", "", `issued by ${issuer === subject ? "itself" : issuer}`),
      create("small", `when${valid ? "" : " invalid"}`, `valid from ${day(from)} to ${day(to)}${state}`),
      create("small", "", [names.length > 0 && `for ${names.join(", ")}`, key, `signed with ${signature}`, ca && "authority"].filter(Boolean).join(" · ")),
    );
    const print = create("small", "", "SHA-256 …");
    element.append(print);
    fingerprint(new Uint8Array(der)).then((text) => (print.textContent = `SHA-256 ${text}`));
  } catch (error) {
    element.append(create("small", "", `${der.length} bytes that cannot be read as a certificate: ${messageOf(error)}`));
  }
  return element;
}

/**
 * A bar of the phases until the handshake was over. @param {number} opened @param
 * {TlsObservation} tls
 */
function phases(opened, { records, established, failure }) {
  const begun = records[0].at;
  const over = established ?? records[records.length - 1].at;
  const bar = create("div", "phases");
  const phase = (/** @type {string} */ kind, /** @type {string} */ name, /** @type {number} */ length) => {
    const part = create("span", kind, `${name} ${milliseconds(length)}`);
    part.style.flexGrow = String(Math.max(length, 0.01));
    bar.append(part);
  };
  phase("way", "connection", begun - opened);
  phase(failure && established === null ? "handshake failed" : "handshake", "TLS handshake", over - begun);
  return bar;
}

/** @param {TlsObservation} tls @param {number} opened */
function timeline({ records, established }, opened) {
  const list = create("ol", "timeline");
  const over = established ?? Infinity;
  const complete = () => moment(over - opened, "", "", "handshake complete", "", "complete");
  let isOver = established === null;
  for (const { at, out, what, bytes } of records) {
    if (!isOver && at > over) {
      isOver = true;
      list.append(complete());
    }
    list.append(moment(at - opened, out ? "→" : "←", out ? "out" : "", what, `${bytes} B`, what.includes("alert") ? "alert" : ""));
  }
  if (!isOver) list.append(complete());
  return list;
}

/**
 * @param {number} after
 * @param {string} arrow
 * @param {string} direction
 * @param {string} what
 * @param {string} bytes
 * @param {string} kind
 */
function moment(after, arrow, direction, what, bytes, kind) {
  const item = create("li", kind);
  item.append(create("span", "time", milliseconds(after)), create("span", direction, arrow), create("span", "", what), create("span", "bytes", bytes));
  return item;
}

/** @param {number} time */
function milliseconds(time) {
  return `${time.toFixed(time < 100 ? 1 : 0)} ms`;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @returns {HTMLElementTagNameMap[T]}
 */
function create(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
