/** The relay: which one is used, whether it answers, and the dialog that tells what it sees. */

const STORED = "micropython-ssl relay";
const STATES = {
  checking: "looking for the relay …",
  ready: "relay ready",
  away: "no relay answers",
  none: "no relay: only this page",
};

export class Relay {
  #elements;
  #site;
  #onChange;

  /**
   * @param {object} options
   * @param {Record<string, string> | null} options.site This site's own relay: a description of a transport, its address relative to the page.
   * @param {(transport: object | null) => void} options.onChange The user chose another one.
   */
  constructor({ site, onChange }) {
    const ids = ["relay", "relay-text", "relay-dialog", "relay-kind", "relay-address", "relay-note", "relay-problem"];
    this.#elements = Object.fromEntries(ids.map((id) => [id, document.getElementById(id)]));
    this.#site = site && absolute(site);
    this.#onChange = onChange;
    const { "relay-dialog": dialog, "relay-kind": kind, "relay-address": address } = this.#elements;
    this.#elements.relay.addEventListener("click", () => this.#open());
    kind.addEventListener("change", () => this.#note());
    address.addEventListener("input", () => this.#note());
    dialog.addEventListener("close", () => this.#close(dialog.returnValue));
  }

  /** The transport to use: from the address of the page, from last time, or this site's. */
  get transport() {
    const asked = new URLSearchParams(location.search).get("relay");
    if (asked !== null) return asked === "" ? null : { wisp: asked };
    try {
      const stored = localStorage.getItem(STORED);
      if (stored !== null) return JSON.parse(stored);
    } catch {
      // Nothing can be stored here.
    }
    return this.#site;
  }

  /** @param {keyof typeof STATES} state */
  show(state, problem = "") {
    document.body.dataset.relay = state;
    this.#elements["relay-text"].textContent = STATES[state];
    this.#elements["relay-problem"].textContent = problem;
    this.#elements["relay-problem"].hidden = problem === "";
  }

  #open() {
    const { transport } = this;
    const kind = transport ? Object.keys(transport)[0] : "";
    this.#elements["relay-kind"].value = kind;
    this.#elements["relay-address"].value = transport?.[kind] ?? "";
    this.#note();
    this.#elements["relay-dialog"].returnValue = "";
    this.#elements["relay-dialog"].showModal();
  }

  #close(answer) {
    if (answer !== "use" && answer !== "default") return;
    const kind = this.#elements["relay-kind"].value;
    const address = this.#elements["relay-address"].value.trim();
    const transport = kind && address ? { [kind]: address } : null;
    try {
      if (answer === "use") localStorage.setItem(STORED, JSON.stringify(transport));
      else localStorage.removeItem(STORED);
    } catch {
      // Then it is for this visit only.
    }
    this.#onChange(answer === "use" ? transport : this.#site);
  }

  /** What the browser has to say about an address. */
  #note() {
    const address = this.#elements["relay-address"].value.trim();
    const kind = this.#elements["relay-kind"].value;
    this.#elements["relay-address"].disabled = kind === "";
    this.#elements["relay-note"].textContent = noteOn(kind, address);
  }
}

function noteOn(kind, address) {
  if (kind === "") return "Programs can then reach 127.0.0.1 inside this page and nothing else.";
  if (location.protocol === "https:" && address.startsWith("ws:")) {
    return isLocal(address)
      ? "A page of the web may open a connection to this machine only after the browser has asked you."
      : "A page that came over https may only use wss:// addresses.";
  }
  if (kind === "websockify") return "websockify: one WebSocket for each connection; put {host} and {port}, or {token}, into the address.";
  if (kind === "wsproxy") return "wsproxy: one WebSocket for each connection; host and port are added to the address.";
  return "Wisp: all connections in one WebSocket. `npx micropython-ssl serve --allow host:port` is such a relay.";
}

function isLocal(address) {
  return /^wss?:\/\/(localhost|127\.|\[::1\])/.test(address);
}

/** A description whose address is complete. */
function absolute(description) {
  const [kind] = Object.keys(description);
  return { ...description, [kind]: new URL(description[kind], document.baseURI).href.replace(/^http/, "ws") };
}
