// Programs that recurse without end in MicroPython for WASI get an exception; wasm's own stack,
// beyond which is a trap, does not run out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { micropython } from "../support/wasi.js";

const LESS_STACK = ["-W", "max-wasm-stack=393216"]; // three quarters of what wasmtime grants
const DEPTH = 200; // calls of a Python function that fit: what MicroPython's unix port has room for

const NEST = "def nest(step, n=20000):\n    value = None\n    for _ in range(n): value = step(value)\n    return value\n";
const CYCLE = "class A:\n    def __repr__(self): return repr(self)\n    def __eq__(self, other): return self == other\n    def __getattr__(self, name): return getattr(self, name + 'x')\n    def __iter__(self): return iter(self)\n    def __len__(self): return len(self)\n    def __lt__(self, other): return self < other\n    def __hash__(self): return hash(self)\n    def __call__(self): return self()\n    def __getitem__(self, i): return self[i]\n";

/** What recurses: Python source. */
const RECURSIONS = {
  "a function": "def f(): return f()\nf()",
  "a method with keywords": "class B:\n    def f(self, *a, **k): return self.f(*a, **k)\nB().f(1, x=2)",
  "a lambda in sorted": "def f(x): return sorted([1, 2], key=f)\nf(1)",
  "a function in map": "def f(x): return list(map(f, [1]))\nf(1)",
  "a comprehension": "def f(): return [f() for _ in (1,)]\nf()",
  "a generator": "def g(): yield from g()\nlist(g())",
  "a closure with try": "def f():\n    try:\n        f()\n    finally:\n        pass\nf()",
  "a with statement": "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): pass\ndef f():\n    with C(): f()\nf()",
  "exec": "code = 'exec(code)'\nexec(code)",
  "eval": "code = 'eval(code)'\neval(code)",
  "__init__": "class D:\n    def __init__(self): self.inner = D()\nD()",
  "repr of an instance": `${CYCLE}repr(A())`,
  "equality": `${CYCLE}A() == A()`,
  "attributes": `${CYCLE}A().x`,
  "iterators": `${CYCLE}iter(A())`,
  "lengths": `${CYCLE}len(A())`,
  "comparisons": `${CYCLE}A() < A()`,
  "hashes": `${CYCLE}hash(A())`,
  "calls": `${CYCLE}A()()`,
  "items": `${CYCLE}A()[0]`,
  "a nested list": `${NEST}repr(nest(lambda value: [value]))`,
  "a nested tuple": `${NEST}repr(nest(lambda value: (value,)))`,
  "a nested dictionary": `${NEST}repr(nest(lambda value: {1: value}))`,
  "nested enumerates": "x = (1, 2)\nfor _ in range(20000): x = enumerate(x)\ntuple(x)",
  "nested filters": "x = (1, 2)\nfor _ in range(20000): x = filter(None, x)\ntuple(x)",
  "nested maps": "x = (1, 2)\nfor _ in range(20000): x = map(max, x, ())\ntuple(x)",
  "nested zips": "x = (1, 2)\nfor _ in range(20000): x = zip(x)\ntuple(x)",
  "json of a nested list": `${NEST}import json\njson.dumps(nest(lambda value: [value]))`,
  "an instance that prints itself by format": "class E:\n    def __str__(self): return '{}'.format(self)\nstr(E())",
  "brackets": "eval('(' * 20000 + '1' + ')' * 20000)",
  "lists in source": "eval('[' * 500 + ']' * 500)",
  "a long sum in brackets": "eval('(x+' * 500 + 'x' + ')' * 500, {'x': 1})",
  "unary operators": "eval('-' * 500 + 'x', {'x': 1})",
  "negations": "eval('not ' * 500 + 'x', {'x': 1})",
  "lambdas in source": "eval('lambda: ' * 500 + '1')",
  "powers": "eval('x**' * 500 + 'x', {'x': 1})",
  "conditions in source": "eval('1 if x else ' * 500 + '1', {'x': 0})",
  "blocks in source": "exec('\\n'.join(' ' * i + 'if 1:' for i in range(400)) + '\\n' + ' ' * 400 + 'pass')",
  "functions in source": "exec('\\n'.join(' ' * i + 'def f():' for i in range(400)) + '\\n' + ' ' * 400 + 'pass')",
  "lists far down in source": "eval('[' * 4000 + ']' * 4000)",
  "a sum far down in brackets": "eval('(x+' * 4000 + 'x' + ')' * 4000, {'x': 1})",
  "many unary operators": "eval('-' * 4000 + 'x', {'x': 1})",
  "many negations of a condition": "exec('if ' + 'not ' * 4000 + 'x: pass', {'x': 1})",
  "a condition far down in brackets": "exec('if ' + '(x and ' * 4000 + 'x' + ')' * 4000 + ': pass', {'x': 1})",
  "many lambdas": "eval('lambda: ' * 4000 + '1')",
  "many powers": "eval('x**' * 4000 + 'x', {'x': 1})",
  "many conditions": "eval('1 if x else ' * 4000 + '1', {'x': 0})",
  "targets far down in brackets": "exec('(' * 4000 + 'x' + ',)' * 4000 + '= y', {'y': 1})",
  "what is deleted far down in brackets": "exec('del ' + '(' * 4000 + 'x' + ',)' * 4000, {'x': 1})",
  "calls far down in source": "exec('f(' * 4000 + ')' * 4000, {'f': lambda *a: 1})",
  "dictionaries far down in source": "eval('{1:' * 4000 + '1' + '}' * 4000)",
  "comprehensions far down in source": "eval('[' * 4000 + '1' + ' for x in ()]' * 4000)",
  "json of nested text": "import json\njson.loads('[' * 20000 + ']' * 20000)",
  "comparing nested lists": `${NEST}nest(lambda value: [value]) == nest(lambda value: [value])`,
  "comparing nested tuples": `${NEST}nest(lambda value: (value,)) == nest(lambda value: (value,))`,
  "comparing nested dictionaries": `${NEST}nest(lambda value: {1: value}) == nest(lambda value: {1: value})`,
  "ordering nested tuples": `${NEST}nest(lambda value: (value,)) < nest(lambda value: (value,))`,
  "the hash of a nested tuple": `${NEST}hash(nest(lambda value: (value,)))`,
  "the hash of a nested frozenset": `${NEST}hash(nest(lambda value: frozenset((value,))))`,
  "a nested tuple as a key": `${NEST}{nest(lambda value: (value,)): 1}`,
  "a nested tuple of exceptions": "x = (ValueError,)\nfor _ in range(20000): x = (x,)\ntry: 1 // 0\nexcept x: pass",
  "a nested tuple of types": "x = (int,)\nfor _ in range(20000): x = (x,)\nisinstance('a', x)",
  "a long line of classes": "class A: pass\nfor _ in range(5000):\n    class A(A): pass\nA().missing",
  "a pattern's groups": "import re\nre.match('(' * 500 + 'a' + ')' * 500, 'a')",
  "a pattern that tries": "import re\nre.match('(a|b)*c', 'ab' * 50000)",
  "a pattern that tries without hurry": "import re\nre.match('(a|b)*?c', 'ab' * 50000)",
  "a substitution that calls": "import re\ndef f(m): return re.sub('a', f, 'a')\nf(1)",
};

for (const [name, source] of Object.entries(RECURSIONS)) {
  test(`${name} that recurses without end ends or is an exception`, async () => {
    const { code, stderr } = await run(source);
    if (code === 0) return assert.equal(stderr, "");
    assert.match(stderr, /(^|\n)(RuntimeError: maximum recursion depth exceeded|MemoryError: .*|SyntaxError: .*|ValueError: regex too complex|AttributeError: .*|TypeError: .*)\n$/);
    assert.equal(code, 1);
  });
}

test(`a Python function can call itself ${DEPTH} times`, async () => {
  const { code, stderr } = await run(`def f(n):\n    return n and f(n - 1)\nf(${DEPTH})`);
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

/** @param {string} source */
function run(source) {
  return micropython(["-X", "heapsize=32M", "-c", source], { folders: [], more: LESS_STACK });
}
