/** What service workers of this package use that a page does not have. */

interface ServiceWorkerScope {
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<MessagePort[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: { waitUntil(done: Promise<void>): void }) => void): void;
  addEventListener(type: "fetch", listener: (event: { readonly request: Request; respondWith(response: Promise<Response>): void }) => void): void;
}
