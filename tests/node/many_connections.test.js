/** Many TLS connections at once in one asyncio program, which has both ends of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TLS_STREAMS } from "../support/asyncio_programs.js";
import { cast } from "../support/pki.js";
import { folder, freePort, noProcfs, printed, processorTime, runnerOnly, start } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

const { server } = cast();
const REQUESTS = 4000;

/** How a program makes its requests. */
const WAYS = {
  "while all are busy": `await asyncio.gather(*[ask(stream, ${REQUESTS} // len(streams)) for stream in streams])`,
  "while all others are idle": `
    for number in range(${REQUESTS}):
        await ask(streams[number * 7 % len(streams)], 1)`,
};

/**
 * Milliseconds of processor time that the requests take.
 *
 * @param {TestContext} t
 * @param {number} connections
 * @param {string} way
 */
async function cost(t, connections, way) {
  const port = await freePort();
  const child = start(["-X", "heapsize=64M", "-c", `${TLS_STREAMS}
async def connect_some(streams):
    for number in range(${connections} // 10):
        streams.append(await connect(${port}))
async def main():
    await asyncio.start_server(answer, "127.0.0.1", ${port}, backlog=128, ssl=server)
    streams = []
    await asyncio.gather(*[connect_some(streams) for number in range(10)])
    print("connected", len(streams))
    sys.stdin.readline()
    ${way}
    print("answered")
    sys.stdin.readline()
asyncio.run(main())
`], { cwd: folder(t, { "chain.pem": server.chainPem, "key.pem": server.keyPem }) });
  t.after(() => child.kill("SIGKILL"));
  await printed(child, new RegExp(`connected ${connections}`));
  const before = processorTime(child);
  child.stdin.write("\n");
  await printed(child, /answered/);
  const used = processorTime(child) - before;
  child.stdin.end("\n");
  assert.equal((await child.finished).stderr, "");
  return used;
}

for (const [what, way] of Object.entries(WAYS)) {
  const skip = noProcfs || (what.includes("idle") && runnerOnly("wasmtime looks at all that is waited for at each wait"));
  test(`a request among a thousand connections costs at most three times as much as one among a hundred, ${what}`, { skip }, async (t) => {
    const [hundred, thousand] = [await cost(t, 100, way), await cost(t, 1000, way)];
    assert.ok(thousand <= 3 * hundred, `${thousand} ms of processor time, and ${hundred} ms`);
  });
}
