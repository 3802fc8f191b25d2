/**
 * Every block of code of the documents: run as it stands, but for the names of its servers; held to
 * the published types; or taken by another test.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, TOOLS } from "../../scripts/lib/paths.js";
import { which } from "../../scripts/lib/run.js";
import { PATHS, codeBlocks } from "../support/documents.js";
import { cast } from "../support/pki.js";
import { CLI } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

/** @import { Block } from "../support/documents.js" */

const run = promisify(execFile);
const { ca, server: certificate, client } = cast();
/** Without drawings and what programs print. */
const BLOCKS = PATHS.flatMap(codeBlocks).filter(({ language }) => language !== "" && language !== "text");

/** Commands that no test can give as they stand, and why. */
const NOT_RUN = [
  ["npm install micropython-ssl", "npm has what was published last; tests/node/package.test.js installs what would be published"],
  ["npm start", "this command runs the tests"],
  ["npm run micropython:wasi", "the build of every run of the tests"],
  ["npm init -y", "npm has what was published last; tests/node/package.test.js installs what would be published"],
  ["cargo build --manifest-path examples/component-rust", "tests/component/examples.test.js builds and runs this guest by the tools' own interfaces"],
  ["npx jco transpile", "tests/component/examples.test.js runs this example"],
  ["npx micropython-ssl -m mip install", "the index is not of this machine; tests/node/packages.test.js installs from one that is"],
  ["mkdir -p lib\nwasmtime run", "the index is not of this machine; tests/node/packages.test.js installs from one that is"],
  ["import mip\n", "the index is not of this machine; tests/browser/programs.test.js installs from one that is"],
  ["sudo npm install --global micropython-ssl", "needs systemd; tests/node/relay_service.test.js starts what the unit starts"],
  ["docker build", "needs Docker; tests/node/relay_service.test.js starts what the image starts"],
  ["from umqtt.simple import", "needs a broker; tests/node/examples.test.js runs examples/mqtt_client.py"],
];

/**
 * What a document's blocks leave to the reader, by path: lines before and after its Python.
 *
 * @type {Record<string, string[]>}
 */
const AROUND = {
  "docs/howto.md": [
    'import socket\nsock = socket.socket()\nsock.connect(socket.getaddrinfo("device.example", 443)[0][-1])',
    'tls.write(b"GET / HTTP/1.0\\r\\n\\r\\n")\nprint(tls.readline())',
  ],
};

test("every block of code is run, held to the types, or taken by a test", () => {
  const left = BLOCKS.filter((block) => !isRun(block) && !isTyped(block) && !notRun(block) && !takenBy(block));
  assert.deepEqual(left.map(({ path, at, language }) => `${path}, block ${at} (${language})`), []);
});

for (const [beginning, reason] of NOT_RUN) {
  test(`documents' ${beginning.trim().replace(/\n.*/s, " …")}`, { skip: BLOCKS.some(({ text }) => text.startsWith(beginning)) && reason }, () => {
    assert.fail("no document has it");
  });
}

for (const { path, at, mark, text } of PATHS.flatMap(codeBlocks).filter(({ language, mark }) => language === "text" && mark)) {
  test(`${path}, block ${at}: what \`${mark}\` prints`, async () => {
    const { stdout } = await run(process.execPath, [CLI, ...mark.split(" ").slice(1)]);
    assert.equal(stdout.trimEnd(), text);
  });
}

describe("a document's programs and commands", () => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-docs-"));
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let server;
  before(async () => {
    server = await httpsServer(certificate, { handler: (request, response) => response.end("a page") });
    const modules = join(folder, "node_modules");
    mkdirSync(join(modules, ".bin"), { recursive: true });
    symlinkSync(ROOT, join(modules, "micropython-ssl"));
    symlinkSync(CLI, join(modules, ".bin", "micropython-ssl"));
    mkdirSync(join(folder, "roots", "certs"), { recursive: true });
    const files = { "ca.pem": ca.pem, "roots/certs/ca-certificates.crt": ca.pem, "client.pem": client.pem, "client.key": client.keyPem, "package.json": "{}" };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  for (const path of PATHS) {
    const python = BLOCKS.filter((block) => block.path === path && block.language === "python" && isRun(block));
    if (python.length === 0) continue;
    const program = [AROUND[path]?.[0], ...python.map(({ text }) => text), AROUND[path]?.[1]].filter(Boolean).join("\n");

    test(`${path}: its Python`, async () => {
      writeFileSync(join(folder, "script.py"), local(program));
      const { stdout } = await run(process.execPath, [CLI, "script.py"], { cwd: folder, env: environment() });
      assert.match(stdout, /200 OK/);
    });
  }

  for (const { path, at, language, text } of BLOCKS.filter((block) => isRun(block) && block.language !== "python")) {
    const skip = text.startsWith("wasmtime") && !wasmtime() && "wasmtime not installed";
    test(`${path}, block ${at} (${language})`, { skip }, async () => {
      writeFileSync(join(folder, "script.py"), local(BLOCKS.find((block) => block.path === "README.md" && block.language === "python")?.text ?? ""));
      const { stdout } = await RUN[language](local(text));
      assert.match(stdout, /200 OK/);
    });
  }

  /** @type {Record<string, (text: string) => Promise<{stdout: string}>>} By language. */
  const RUN = {
    // Node's list of authorities cannot be changed, so that the program is told of ours.
    js(text) {
      writeFileSync(join(folder, "script.mjs"), text.replace('{ secureTransport: "on" }', `{ secureTransport: "on", ca: ${JSON.stringify(ca.pem)} }`));
      return run(process.execPath, ["script.mjs"], { cwd: folder });
    },
    sh: (text) => run("sh", ["-ec", text.replaceAll("/etc/ssl", "roots::/etc/ssl")], { cwd: folder, env: environment() }),
  };

  /** @param {string} text */
  function local(text) {
    return text.replace(/\b(example\.com|device\.example)\b/g, "localhost").replace(/\b443\b/g, String(server.port));
  }

  function environment() {
    const PATH = [join(folder, "node_modules", ".bin"), TOOLS, process.env.PATH].join(":");
    return { ...process.env, PATH, SSL_CERT_FILE: join(folder, "ca.pem"), npm_config_offline: "true" };
  }
});

test("blocks of JavaScript that are not run fit the published types", async () => {
  const folder = mkdtempSync(join(ROOT, "tests", "types", "docs-"));
  try {
    BLOCKS.filter(isTyped).forEach(({ text }, index) => writeFileSync(join(folder, `${index}.mts`), `${GIVEN}\n${withImports(text)}\nexport {};\n`));
    writeFileSync(join(folder, "addresses.d.ts"), ADDRESSES);
    const options = { target: "esnext", module: "nodenext", lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"], types: ["node"], strict: true, noEmit: true };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*"] }));
    await run(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "--project", folder]).catch(({ stdout }) => assert.fail(stdout));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the fragments leave to the reader. */
const GIVEN = `
declare const terminal: { write(text: string): void };
declare const program: string, ca: string;
declare const message: Uint8Array<ArrayBuffer>;
declare function loadMicroPython(options: object): Promise<any>;
`;
/** vite's addresses of files. */
const ADDRESSES = 'declare module "*?url" { const address: string; export default address; }\n';

/**
 * A fragment goes on from the document's first block, which has imported what it uses.
 *
 * @param {string} text
 */
function withImports(text) {
  const missing = ["connect", "startMicroPython"].filter((name) => new RegExp(`\\b${name}\\(`).test(text) && !text.includes("import {"));
  return missing.length ? `import { ${missing.join(", ")} } from "micropython-ssl";\n${text}` : text;
}

/** @param {Block} block */
function isRun({ mark }) {
  return mark === "run";
}

/** @param {Block} block */
function isTyped(block) {
  return block.language === "js" && !isRun(block) && !takenBy(block);
}

/** @param {Block} block */
function notRun({ text }) {
  return NOT_RUN.some(([beginning]) => text.startsWith(beginning));
}

/** A block may name the test that reads it from its document. @param {Block} block */
function takenBy({ path, mark }) {
  const file = join(ROOT, mark);
  return mark.startsWith("tests/") && existsSync(file) && readFileSync(file, "utf8").includes(path);
}

function wasmtime() {
  return which("wasmtime") ?? existsSync(join(TOOLS, "wasmtime"));
}
