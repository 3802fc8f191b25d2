/**
 * A transport of a page's own: whatever is sent comes back.
 *
 * @type {() => import("../../../types/index.js").TransportLike}
 */
export default () => ({
  async connect() {
    const { readable, writable } = new TransformStream();
    const reader = readable.getReader();
    const writer = writable.getWriter();
    return {
      read: async () => (await reader.read()).value ?? null,
      write: async (bytes) => void writer.write(bytes),
      close: () => void writer.close(),
    };
  },
  close() {},
});
