/**
 * The relay: its choice, its state, and the dialog that sets it and explains what a relay sees.
 */

import { messageOf } from "../web/net/errno.js";
import { element } from "./element.js";
import { hostOf, readRelay } from "./relay_address.js";

/**
 * @typedef {Record<string, string>} Description The description of a transport: its kind and its
 *   address.
 */

const STORED = "micropython-ssl relay";
const STATES = {
  checking: ["looking for the relay …", "looking for {host} …"],
  ready: ["relay ready", "relay {host} ready"],
  away: ["no relay answers", "relay {host} does not answer"],
  none: ["no relay: only this page", ""],
};

const ALLOWS_NOTHING = "This relay connects to nothing yet: start “micropython-ssl serve” with --allow host:port for each target.";

export class Relay {
  #elements;
  #site;
  #transport;
  #allowsNothing;
  #onChange;

  /**
   * @param {object} options
   * @param {Description | null} options.site This site's own relay: a description of a
   *   transport, its address relative to the page.
   * @param {string[]} [options.allows] Targets that it allows, if they are known.
   * @param {(transport: Description | null) => void} options.onChange Called when the user has
   *   chosen another transport.
   */
  constructor({ site, allows, onChange }) {
    this.#elements = {
      relay: element("relay"),
      "relay-text": element("relay-text"),
      "relay-dialog": element("relay-dialog", HTMLDialogElement),
      "relay-kind": element("relay-kind", HTMLSelectElement),
      "relay-address": element("relay-address", HTMLInputElement),
      "relay-note": element("relay-note"),
      "relay-problem": element("relay-problem"),
      "relay-asked": element("relay-asked"),
      "relay-use": element("relay-use", HTMLButtonElement),
    };
    this.#site = readRelay(site);
    this.#transport = this.#site;
    this.#allowsNothing = allows?.length === 0;
    this.#onChange = onChange;
    const { "relay-dialog": dialog, "relay-kind": kind, "relay-address": address } = this.#elements;
    this.#elements.relay.addEventListener("click", () => this.#open(this.#transport));
    kind.addEventListener("change", () => this.#note());
    address.addEventListener("input", () => this.#note());
    dialog.addEventListener("close", () => this.#close(dialog.returnValue));
  }

  /** The transport in use: this site's unless the user has chosen another one. */
  get transport() {
    return this.#transport;
  }

  /** The relay's address, for messages. */
  get address() {
    return this.#transport === null ? "none" : Object.values(this.#transport)[0];
  }

  /**
   * The page's address or the last visit may name another relay than this site's. Asks the user
   * whether to use it. The user has to agree, because anybody can make a link, and other pages of
   * this site can change the browser's storage.
   */
  ask() {
    const linked = new URLSearchParams(location.search).get("relay");
    const source = linked === null ? "You used another relay last time" : "This link asks for another relay";
    let wanted;
    try {
      wanted = linked === null ? readRelay(JSON.parse(localStorage.getItem(STORED) ?? "null")) : readRelay({ wisp: linked });
    } catch (error) {
      if (linked !== null) this.#open(this.#site, `${source}, which cannot be used: ${messageOf(error)}.`);
      return;
    }
    if (wanted === null || same(wanted, this.#site)) return;
    this.#open(wanted, `${source}: ${hostOf(wanted)}. Nothing is sent there before you choose “Use it”.`);
  }

  /** @param {keyof typeof STATES} state */
  show(state, problem = "") {
    const isOwn = same(this.#transport, this.#site);
    if (state === "ready" && isOwn && this.#allowsNothing) problem = ALLOWS_NOTHING;
    const [own, other] = problem === ALLOWS_NOTHING ? ["relay allows no targets yet"] : STATES[state];
    const text = isOwn ? own : other;
    document.body.dataset.relay = state;
    this.#elements["relay-text"].textContent = text.replace("{host}", hostOf(this.#transport));
    this.#elements["relay-problem"].textContent = problem;
    this.#elements["relay-problem"].hidden = problem === "";
  }

  /** @param {Description | null} transport @param {string} [asked] The source of the proposal. */
  #open(transport, asked = "") {
    const kind = transport ? Object.keys(transport)[0] : "";
    this.#elements["relay-kind"].value = kind;
    this.#elements["relay-address"].value = transport?.[kind] ?? "";
    this.#elements["relay-asked"].textContent = asked;
    this.#elements["relay-asked"].hidden = asked === "";
    this.#note();
    this.#elements["relay-dialog"].returnValue = "";
    this.#elements["relay-dialog"].showModal();
  }

  /** @param {string} answer */
  #close(answer) {
    if (answer !== "use" && answer !== "default") return;
    const { transport = this.#site } = answer === "use" ? this.#chosen() : {};
    try {
      if (same(transport, this.#site)) localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, JSON.stringify(transport));
    } catch {
      // The choice is then for this visit only.
    }
    this.#transport = transport;
    this.#onChange(transport);
  }

  /**
   * The relay in the dialog's fields, or why they do not describe a relay.
   *
   * @returns {{transport?: Description | null, problem?: string}}
   */
  #chosen() {
    const kind = this.#elements["relay-kind"].value;
    try {
      return { transport: kind === "" ? null : readRelay({ [kind]: this.#elements["relay-address"].value.trim() }) };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  /** Shows the note about the relay in the fields. */
  #note() {
    const kind = this.#elements["relay-kind"].value;
    const { transport, problem } = this.#chosen();
    this.#elements["relay-address"].disabled = kind === "";
    this.#elements["relay-use"].disabled = problem !== undefined;
    this.#elements["relay-note"].textContent = problem ?? noteOn(kind, transport?.[kind] ?? "");
  }
}

/** @param {Description | null} one @param {Description | null} other */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** @param {string} kind @param {string} address */
function noteOn(kind, address) {
  if (kind === "") return "Programs can then reach 127.0.0.1 inside this page and nothing else.";
  if (location.protocol === "https:" && address.startsWith("ws:")) {
    return isLocal(address)
      ? "A page of the web may open a connection to this machine only after the browser has asked you."
      : "A page that came over https may only use wss:// addresses.";
  }
  if (kind === "websockify") return "websockify: one WebSocket for each connection; put {host} and {port} into the address.";
  if (kind === "wsproxy") return "wsproxy: one WebSocket for each connection; host and port are added to the address.";
  return "Wisp: all connections in one WebSocket. The command “npx micropython-ssl serve --allow host:port” starts such a relay.";
}

/** @param {string} address */
function isLocal(address) {
  return /^wss?:\/\/(localhost|127\.|\[::1\])/.test(address);
}
