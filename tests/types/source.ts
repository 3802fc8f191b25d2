/**
 * The published types beside the source: what the source exports fits them, and nothing is missing
 * on either side.
 */

import * as index from "../../web/index.js";
import * as node from "../../web/index.node.js";
import * as relay from "../../relay/node.js";
import * as workers from "../../relay/workers.js";
import * as wasi from "../../web/wasi/index.js";
import * as wasiNode from "../../web/node/wasi.js";

import type * as Published from "../../types/index.js";
import type * as PublishedRelay from "../../types/relay.js";
import type * as PublishedWorkers from "../../types/relay_workers.js";
import type * as PublishedWasi from "../../types/wasi.js";
import type * as PublishedWasiNode from "../../types/wasi_node.js";

index satisfies typeof Published;
node satisfies typeof Published;
relay satisfies typeof PublishedRelay;
workers satisfies typeof PublishedWorkers;
wasi satisfies typeof PublishedWasi;
wasiNode satisfies typeof PublishedWasiNode;

/** Names of a module that are not published. */
type Unpublished =
  | Exclude<keyof typeof index | keyof typeof node, keyof typeof Published>
  | Exclude<keyof typeof relay, keyof typeof PublishedRelay>
  | Exclude<keyof typeof workers, keyof typeof PublishedWorkers>
  | Exclude<keyof typeof wasi, keyof typeof PublishedWasi>
  | Exclude<keyof typeof wasiNode, keyof typeof PublishedWasiNode>;
export const unpublished: [Unpublished] extends [never] ? true : Unpublished = true;

/** Published options that the source does not know. */
type Unknown<P, S> = Exclude<keyof NonNullable<P>, keyof NonNullable<S>>;
type UnknownOption =
  | Unknown<Parameters<typeof Published.startMicroPython>[0], Parameters<typeof index.startMicroPython>[0]>
  | Unknown<Parameters<typeof Published.installMicroPython>[1], Parameters<typeof index.installMicroPython>[1]>
  | Unknown<Parameters<typeof Published.connect>[1], Parameters<typeof index.connect>[1]>
  | Unknown<Parameters<typeof Published.listen>[1], Parameters<typeof index.listen>[1]>
  | Unknown<Parameters<typeof Published.connectDatagram>[1], Parameters<typeof index.connectDatagram>[1]>
  | Unknown<Parameters<typeof Published.wisp>[0], Parameters<typeof index.wisp>[0]>
  | Unknown<Parameters<typeof Published.websockify>[0], Parameters<typeof index.websockify>[0]>
  | Unknown<Parameters<typeof Published.wsproxy>[0], Parameters<typeof index.wsproxy>[0]>
  | Unknown<Parameters<typeof PublishedWasi.wasi>[0], Parameters<typeof wasi.wasi>[0]>
  | Unknown<ConstructorParameters<typeof PublishedRelay.NodeRelay>[0], ConstructorParameters<typeof relay.NodeRelay>[0]>
  | Unknown<Parameters<typeof PublishedWorkers.relayWorker>[0], Parameters<typeof workers.relayWorker>[0]>;
export const options: [UnknownOption] extends [never] ? true : UnknownOption = true;
