/** Downloads and round trips over a plain WebSocket, as program.py does them over TLS. */

self.onmessage = ({ data }) => measure(data).then((result) => self.postMessage(result));

/** @param {{url: string, kind: "download" | "trips", amount: number}} what */
async function measure({ url, kind, amount }) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: () => reject(new Error(`no relay at ${url}`)) }));
  /** @param {number} bytes @returns {Promise<void>} */
  const ask = (bytes) =>
    new Promise((resolve) => {
      let left = bytes;
      socket.onmessage = ({ data }) => (left -= data.byteLength) === 0 && resolve();
      socket.send(new TextEncoder().encode(`${bytes}\n`));
    });
  try {
    return await (kind === "download" ? download(ask, amount) : roundTrips(ask, amount));
  } finally {
    socket.close();
  }
}

/** @param {(bytes: number) => Promise<void>} ask @param {number} amount */
async function download(ask, amount) {
  await ask(amount / 4);
  const begin = performance.now();
  await ask(amount);
  return amount / (performance.now() - begin) / 1000;
}

/** @param {(bytes: number) => Promise<void>} ask @param {number} count */
async function roundTrips(ask, count) {
  /** @type {number[]} */
  const times = [];
  for (let i = -20; i < count; i++) {
    const begin = performance.now();
    await ask(64);
    if (i >= 0) times.push((performance.now() - begin) * 1000);
  }
  times.sort((a, b) => a - b);
  return [times[count >> 1], times[Math.floor(count * 0.95)]];
}
