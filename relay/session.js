/**
 * One client of a relay: Wisp packets in, packets and actions on sockets out. It opens nothing and
 * knows no clock: an adapter (node.js, workers.js) calls a method for everything that happens and
 * then does all that `take()` returns; actions.js says what that may be.
 *
 * What goes to a target and to the client is counted until it has left, and a socket until it is
 * closed, whatever the client has closed meanwhile.
 */

import { CLOSE, CONNECT, CONTINUE, DATA, REASON, parsePacket } from "../web/transports/wisp_packets.js";
import { Backlog } from "./backlog.js";
import { ClientWatch } from "./client_watch.js";
import { LARGEST_MESSAGE } from "./limits.js";
import { CREDIT, Link, costOf } from "./link.js";
import { reasonOf, refusalOf } from "./reasons.js";
import { SessionLog } from "./session_log.js";
import { Slots } from "./slots.js";
import { parseAddress, parseTarget } from "./targets.js";
import { ToClient } from "./to_client.js";

/**
 * @import { ConnectPacket } from "../web/transports/wisp_packets.js"
 * @import { Action, SessionOptions } from "./actions.js"
 */

const LONGEST_LOGGED = 260;
/** What localhost leads to, without asking anybody (RFC 6761). */
const LOOPBACK = ["127.0.0.1", "::1"];

export class Session {
  #options;
  /** Streams of the client, by number. @type {Map<number, Link>} */
  #streams = new Map();
  /** Everything that has, had or will have a socket, by key. @type {Map<number, Link>} */
  #links = new Map();
  #slots;
  #lastKey = 0;
  /** @type {Action[]} */
  #actions = [];
  #backlog;
  #toClient;
  #client;
  /** The time that the last call passed. */
  #now;
  #over = false;
  #draining = false;
  #log = new SessionLog((entry) => this.#act({ do: "log", entry }));

  /**
   * @param {Pick<SessionOptions, "targets" | "limits" | "memory"> & Partial<SessionOptions>}
   *   options
   * @param {number} now Milliseconds of any clock; so everywhere here.
   */
  constructor({ udp = false, mayConnect = () => true, canWait = true, needsCredit = false, ...options }, now) {
    this.#options = { udp, mayConnect, canWait, needsCredit, ...options };
    this.#now = now;
    this.#backlog = new Backlog(options.limits, options.memory);
    this.#slots = new Slots(options.limits.connections);
    this.#client = new ClientWatch(options.limits.pingSeconds, now);
    this.#toClient = new ToClient(this.#backlog, (action) => this.#act(action), () => this.#close(1008, "the client does not read", true));
    this.#toClient.begin();
  }

  /** What is to be done now, in this order. @returns {Action[]} */
  take() {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Whether nothing is left of it. */
  get done() {
    return this.#over && this.#links.size === 0;
  }

  /** Sockets that are open, or being opened or closed. */
  get sockets() {
    return this.#slots.taken;
  }

  /** A message came from the client. @param {Uint8Array | string} message @param {number} now */
  receive(message, now) {
    if (this.#over) return;
    this.#now = now;
    if (message.length > LARGEST_MESSAGE) return this.#close(1009, "the message is too long");
    const packet = parsePacket(message);
    if (!packet) return this.#close(1002, "not a Wisp packet");
    const link = this.#streams.get(packet.stream);
    switch (packet.type) {
      case CONNECT:
        return this.#connect(packet, link);
      case DATA:
        return link && this.#write(link, packet.data);
      case CONTINUE:
        return packet.stream === 0 ? this.#toClient.takeWindow(packet.credit) : link && this.#grant(link, packet.credit);
      case CLOSE:
        return link && this.#closedByClient(link);
    }
  }

  /** A packet has left for the client. @param {Uint8Array} packet */
  sent(packet) {
    if (this.#over) return;
    this.#toClient.sent(packet);
    if (this.#backlog.isHalfEmpty) this.#readOn();
  }

  /** A name was looked up. @param {string[]} addresses @param {number} key @param {number} now */
  lookedUp(key, addresses, now) {
    const link = this.#at(key, now);
    if (!link) return;
    if (!this.#wanted(link)) return this.#remove(link);
    const allowed = addresses.filter((text) => {
      const address = parseAddress(text);
      return address !== null && this.#options.targets.reaches(link.target, address);
    });
    if (allowed.length > 0) return this.#open(link, allowed);
    const why = addresses.length > 0 ? "the name leads to a private address" : "the name leads nowhere";
    this.#finish(link, addresses.length > 0 ? REASON.BLOCKED : REASON.UNREACHABLE, why);
    this.#remove(link);
  }

  /** @param {number} key @param {number} now @param {string} [address] */
  connected(key, now, address) {
    const link = this.#at(key, now);
    if (link?.state !== "connecting") return;
    link.state = "open";
    this.#moved(link);
    if (link.stream === null) return;
    this.#log.connected(link, address);
    if (link.kind === "tcp") this.#toClient.giveCredit(link);
  }

  /** Bytes came from a target. @param {number} key @param {Uint8Array} bytes @param {number} now */
  received(key, bytes, now) {
    const link = this.#at(key, now);
    if (!link || link.stream === null) return;
    this.#moved(link);
    this.#toClient.forward(link, bytes);
  }

  /**
   * A target took bytes that were written.
   *
   * @param {number} key
   * @param {Uint8Array} bytes
   * @param {number} now
   */
  wrote(key, bytes, now) {
    const link = this.#at(key, now);
    if (!link) return;
    link.waiting -= 1;
    link.waitingCost -= costOf(bytes);
    link.takenAt = now;
    this.#backlog.count("up", -costOf(bytes));
    this.#renewCredit(link);
    this.#readClientOn();
  }

  /** A target has sent its end. @param {number} key @param {number} now */
  targetEnded(key, now) {
    const link = this.#at(key, now);
    if (!link) return;
    link.ended = true;
    this.#finishAtEnd(link);
  }

  /**
   * A connection could not be made, or broke.
   *
   * @param {string} code The name of an errno.
   * @param {number} key
   * @param {number} now
   */
  failed(key, code, now) {
    const link = this.#at(key, now);
    if (!link) return;
    const looking = link.state === "resolving";
    const reason = link.state === "open" ? REASON.NETWORK_ERROR : looking ? REASON.UNREACHABLE : reasonOf(code);
    this.#finish(link, reason, `failed: ${code}`);
    if (looking) this.#remove(link);
    else this.#destroy(link);
  }

  /** A socket is closed and gone. @param {number} key @param {number} now */
  closed(key, now) {
    const link = this.#at(key, now);
    if (!link?.hasSocket) return;
    link.state = "gone";
    if (this.#slots.free(link)) this.#startQueued();
    if (link.ended && link.held) return; // for a client that has no room yet
    this.#finish(link, REASON.NETWORK_ERROR, "closed");
    this.#remove(link);
  }

  ponged() {
    this.#client.answered();
  }

  /** Time has passed; to be called a few times a second. @param {number} now */
  tick(now) {
    this.#now = now;
    const { limits } = this.#options;
    const stalled = now - limits.stallSeconds * 1000;
    for (const link of [...this.#links.values()]) {
      if (now >= link.deadline) this.#expire(link);
      else if (!this.#client.reads && link.waiting > 0 && link.takenAt <= stalled) {
        this.#finish(link, REASON.THROTTLED, "the target takes nothing, and the client's others wait for it");
        this.#destroy(link);
      }
    }
    if (this.#over) return;
    this.#readClientOn();
    if (this.#backlog.isHalfEmpty) this.#readOn();
    this.#watchClient();
  }

  /** Takes no new streams, and closes when the last one has ended. */
  drain() {
    this.#draining = true;
    this.#leaveIfDrained();
  }

  /** Closes it now and says why. @param {number} code @param {string} reason */
  close(code, reason) {
    if (!this.#over) this.#close(code, reason);
  }

  /** The client has left. @param {number} now */
  end(now) {
    this.#now = now;
    if (!this.#over) this.#end("client left");
  }

  /**
   * Gives back what it holds of the process' memory, where it broke and nothing will be called any
   * more.
   */
  abandon() {
    this.#backlog.dropAll();
  }

  /** @param {ConnectPacket} packet @param {Link | undefined} taken */
  #connect({ stream: id, streamType, host, port }, taken) {
    if (taken) {
      this.#finish(taken, REASON.INVALID, "the client used the number of this stream again");
      return this.#destroy(taken);
    }
    const { limits } = this.#options;
    const target = parseTarget(host, port);
    const client = { streams: this.#streams.size, draining: this.#draining, givesCredit: this.#toClient.givesCredit };
    const refusal = refusalOf({ stream: id, streamType, target }, client, this.#options, this.#now);
    if (refusal) return this.#refuse(id, target?.text ?? `${host.slice(0, LONGEST_LOGGED)}:${port}`, ...refusal);
    const deadline = this.#now + limits.connectSeconds * 1000;
    const known = /** @type {NonNullable<typeof target>} */ (target); // or it was refused
    const link = new Link({ key: ++this.#lastKey, stream: id, streamType, target: known, window: this.#toClient.window, now: this.#now, deadline });
    this.#streams.set(id, link);
    this.#links.set(link.key, link);
    this.#slots.add(link);
    this.#startQueued();
  }

  /** @param {number} stream @param {string} target @param {number} reason @param {string} why */
  #refuse(stream, target, reason, why) {
    this.#log.refused(target, reason, why, this.#now);
    this.#toClient.closeStream(stream, reason, why);
  }

  /** Starts what waits for a slot; a slot is free again when its socket is closed. */
  #startQueued() {
    for (let link; (link = this.#slots.next()); ) {
      link.state = "resolving";
      const { address, name } = link.target;
      if (address) this.#open(link, [String(address)]);
      else if (name === "localhost") this.lookedUp(link.key, LOOPBACK, this.#now);
      else this.#act({ do: "lookup", link: link.key, name: /** @type {string} */ (name) });
    }
  }

  /** @param {Link} link @param {string[]} addresses */
  #open(link, addresses) {
    link.state = "connecting";
    this.#act({ do: "connect", link: link.key, kind: link.kind, addresses, port: link.target.port });
    for (const bytes of link.early.splice(0)) this.#act({ do: "write", link: link.key, bytes });
    if (link.ending) this.#act({ do: "end", link: link.key });
  }

  /** @param {Link} link @param {Uint8Array} bytes */
  #write(link, bytes) {
    const cost = costOf(bytes);
    link.up += bytes.length;
    // No packet is counted against its stream's credit: CONTINUE crosses with packets that are on
    // their way.
    if (this.#backlog.refuses(cost, this.#options.canWait)) {
      if (link.kind === "udp") return;
      this.#finish(link, REASON.THROTTLED, "more waits for the target than may wait");
      return this.#destroy(link);
    }
    if (link.kind === "udp" && link.waiting > CREDIT) return;
    if (link.waiting === 0) link.takenAt = this.#now;
    link.waiting += 1;
    link.waitingCost += cost;
    this.#backlog.count("up", cost);
    if (link.hasSocket) this.#act({ do: "write", link: link.key, bytes });
    else link.early.push(bytes);
    if (link.state === "open") this.#moved(link);
    if (this.#client.reads && this.#mustWait()) this.#readClient(false);
  }

  /** Whether the client has to wait until its targets took something. */
  #mustWait() {
    return this.#options.canWait && this.#backlog.isFullForTargets;
  }

  /** @param {boolean} on */
  #readClient(on) {
    this.#client.read(on, this.#now);
    this.#act({ do: "readClient", on });
  }

  #readClientOn() {
    if (!this.#client.reads && !this.#mustWait()) this.#readClient(true);
  }

  /** @param {Link} link @param {number} credit */
  #grant(link, credit) {
    this.#toClient.grant(link, credit);
    this.#finishAtEnd(link);
  }

  #readOn() {
    for (const link of this.#links.values()) if (!link.reading) this.#toClient.steer(link);
  }

  /** @param {Link} link */
  #renewCredit(link) {
    link.taken += 1;
    if (link.stream === null || link.kind === "udp" || link.state !== "open" || link.taken < CREDIT / 4) return;
    link.taken = 0;
    this.#toClient.giveCredit(link);
  }

  /** @param {Link} link */
  #closedByClient(link) {
    this.#finish(link, undefined, "closed by client");
    if (link.kind === "udp" || (link.state !== "open" && link.waiting === 0)) return this.#destroy(link);
    link.ending = true;
    if (!link.hasSocket) return;
    this.#act({ do: "end", link: link.key });
    // What still comes is read and dropped: a socket that is closed with bytes unread resets the
    // connection, and loses what was sent.
    this.#toClient.steer(link);
  }

  /** @param {Link} link */
  #finishAtEnd(link) {
    if (!link.ended || link.held) return;
    this.#finish(link, REASON.VOLUNTARY, "closed by target");
    if (link.state === "gone") this.#remove(link);
    else this.#act({ do: "end", link: link.key });
  }

  /**
   * Ends the stream of a link, for the client with a reason unless the client ended it. What
   * becomes of the socket is up to the caller.
   *
   * @param {Link} link
   * @param {number | undefined} reason
   * @param {string} why
   */
  #finish(link, reason, why) {
    if (link.stream === null) return;
    this.#streams.delete(link.stream);
    if (reason !== undefined) this.#toClient.closeStream(link.stream, reason, why);
    link.stream = null;
    link.deadline = this.#now + this.#options.limits.closeSeconds * 1000;
    this.#toClient.drop(link);
    this.#log.closed(link, reason, why, this.#now);
    this.#leaveIfDrained();
  }

  /** Closes a link's socket at once; its slot is free when that is done. @param {Link} link */
  #destroy(link) {
    if (link.state === "queued" || link.state === "gone") return this.#remove(link);
    link.ending = false;
    link.deadline = Infinity;
    // A look-up cannot be taken back: the slot is free when it ends.
    if (link.state === "resolving" || link.state === "closing") return;
    link.state = "closing";
    this.#act({ do: "destroy", link: link.key });
  }

  /** @param {Link} link */
  #remove(link) {
    this.#links.delete(link.key);
    link.state = "gone";
    this.#backlog.count("up", -link.waitingCost);
    link.waitingCost = 0;
    if (this.#slots.free(link)) this.#startQueued();
    if (this.#over) return;
    this.#readClientOn();
    this.#leaveIfDrained();
  }

  /**
   * The link of a key that is still there; a late call about one that is gone is nothing to worry
   * about.
   *
   * @param {number} key
   * @param {number} now
   */
  #at(key, now) {
    this.#now = now;
    return this.#links.get(key);
  }

  /**
   * Whether anybody still waits for the socket of a link whose name was looked up.
   *
   * @param {Link} link
   */
  #wanted(link) {
    return link.stream !== null || link.ending;
  }

  /** @param {Link} link */
  #expire(link) {
    if (link.stream === null) return this.#destroy(link);
    if (link.state === "open") this.#finish(link, REASON.TRANSFER_TIMED_OUT, "idle for too long");
    else this.#finish(link, REASON.TIMED_OUT, "no answer");
    this.#destroy(link);
  }

  /** @param {Link} link */
  #moved(link) {
    if (link.stream !== null) link.deadline = this.#now + this.#options.limits.idleSeconds * 1000;
  }

  #watchClient() {
    const due = this.#options.canWait ? this.#client.due(this.#now) : null;
    if (due === "give up") this.#close(1001, "the client does not answer", true);
    else if (due === "ping") this.#act({ do: "ping" });
  }

  #leaveIfDrained() {
    if (this.#draining && !this.#over && this.#streams.size === 0 && this.#links.size === 0) this.#close(1001, "the relay is shutting down");
  }

  /** @param {number} code @param {string} reason */
  #close(code, reason, atOnce = false) {
    this.#act({ do: "close", code, reason, atOnce });
    this.#end(reason);
  }

  /** @param {string} why */
  #end(why) {
    this.#over = true;
    this.#toClient.end();
    this.#slots.clear();
    for (const link of [...this.#links.values()]) {
      this.#finish(link, undefined, why);
      this.#destroy(link);
    }
  }

  /** @param {Action} action */
  #act(action) {
    this.#actions.push(action);
  }
}
