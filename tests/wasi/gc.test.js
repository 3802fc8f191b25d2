// The garbage collector of MicroPython for WASI finds every pointer, also those of C functions that
// are in the middle of something.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { folder } from "../support/runner.js";
import { micropython } from "../support/wasi.js";

// Collects at every allocation, so that memory whose last pointer is not found is given away at
// once.
const EVERY_TIME = "import gc\ngc.threshold(1)\n";

const PROGRAMS = {
  "text and numbers": `
words = ["word%d" % i for i in range(40)]
text = ", ".join(w.upper() + str(i ** 20) for i, w in enumerate(words))
print(len(text), text.split(", ")[-1], "{:>30}|{!r}".format(text[:7], words[3]), 3 ** 100 // 7 ** 20, int("9" * 40) % 97)
print(sorted(words, key=lambda w: "".join(reversed(w)))[:3], "".join(reversed(text[:9])), b"".join(bytes([i] * i) for i in range(9)))
`,
  "classes, closures, generators and exceptions": `
class Point:
    def __init__(self, *args, **kwargs): self.args, self.kwargs = args, kwargs
    def __add__(self, other): return Point(*(a + b for a, b in zip(self.args, other.args)), **self.kwargs)
    def __repr__(self): return "Point(%s)" % ", ".join(map(repr, self.args))
class Named(Point):
    def __getattr__(self, name): return [name] * 3
def numbers(n):
    try:
        for i in range(n):
            yield (yield i, str(i))
    finally:
        print("closed", [str(i) for i in range(3)])
print(sum([Point(i, str(i), [i]) for i in range(9)], Point(0, "", [])), Named(x=1).anything, Named(1, y=2).kwargs)
print([pair for pair in numbers(9)])
for i in range(5):
    try:
        raise ValueError("text %d" % i, [i])
    except ValueError as error:
        try:
            {}["key%d" % i]
        except KeyError as second:
            print(repr(error), repr(second))
print(dict([(str(i), [i]) for i in range(5)], b={i: (i,) for i in range(9)}), *[[i] for i in range(3)])
`,
  "compiling and importing": `
import sys
for i in range(8):
    source = "def f%d(a, b=[1, 2, %d], *c, d='x', **e):\\n" % (i, i) + "".join("    v%d = a + %d\\n" % (j, j) for j in range(9)) + "    return lambda: (a, b, c, d, e, v8)\\n"
    space = {}
    exec(source, space)
    print(space["f%d" % i](i, d="y%d" % i, z=3)())
import helper, helper as again
print(helper.value, sys.modules["helper"] is again, eval("[x for x in range(5) if x % 2]"))
`,
  "modules of C": `
import json, re, struct, binascii, hashlib, deflate, io, heapq, collections, array
value = {"a": [1, 2.5, None, True, "text" * 9], "b": {"c": ["d" * i for i in range(9)]}}
print(json.loads(json.dumps(value)) == value, re.match("(w)(.*)", "word " * 9).group(2), re.compile("[,;]").split("a,b;c"))
print(struct.unpack("<HIs", struct.pack("<HIs", 1, 2, b"x")), binascii.hexlify(hashlib.sha256(b"a" * 99).digest()))
packed = binascii.unhexlify("${deflateSync("again and again ".repeat(50)).toString("hex")}")
print(deflate.DeflateIO(io.BytesIO(packed)).read() == b"again and again " * 50)
heap = []
for i in range(30): heapq.heappush(heap, ((i * 7) % 30, [str(i)]))
print([heapq.heappop(heap)[1] for _ in range(5)], collections.OrderedDict((str(i), [i]) for i in range(5)), array.array("i", range(5)))
print(collections.namedtuple("N", ["x", "y"])(["a"], ["b"]), collections.deque((str(i) for i in range(5)), 3).popleft())
`,
  asyncio: `
import asyncio
async def worker(name, n):
    for i in range(n):
        await asyncio.sleep_ms(1)
    return [name] * n
async def main():
    print(await asyncio.gather(*(worker("w%d" % i, i) for i in range(6))))
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except asyncio.TimeoutError as error:
        print(repr(error))
asyncio.run(main())
`,
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  test(`a collection at every allocation changes nothing: ${name}`, async (t) => {
    const cwd = folder(t, { "plain.py": program, "collecting.py": EVERY_TIME + program, "helper.py": "value = [str(i) for i in range(9)]" });
    const [plain, collecting] = await Promise.all(["plain.py", "collecting.py"].map((script) => micropython([script], { cwd })));
    assert.equal(plain.stderr, "");
    assert.equal(plain.code, 0);
    assert.deepEqual(collecting, plain);
  });
}
