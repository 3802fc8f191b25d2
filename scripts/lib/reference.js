/** References that are made of sources: JavaScript's of the published types, WIT's of its files. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { headingId } from "./documents.js";
import { DIST, ROOT } from "./paths.js";

const FOLDER = join(DIST, "reference");

/** By the name of the page: what a program imports. */
const MODULES = {
  "javascript-reference": "micropython-ssl",
  "relay-reference": "micropython-ssl/relay",
  "relay-workers-reference": "micropython-ssl/relay/workers",
  "wasi-reference": "micropython-ssl/wasi",
  "wasi-node-reference": "micropython-ssl/wasi/node",
};

const WIT = ["wit/micropython-ssl.wit", "wit/interpreter.wit"];

/**
 * The references' documents by the name of their page: `path` is a Markdown file of the checkout,
 * which writeReferences() makes.
 */
export const REFERENCES = {
  ...Object.fromEntries(Object.entries(MODULES).map(([name, module]) => [name, { path: markdownOf(module), title: module }])),
  wit: { path: relative(ROOT, join(FOLDER, "wit.md")), title: "WIT" },
};

/** Makes them. Throws where a type's comment links to nothing. */
export async function writeReferences() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  await writeTypes();
  writeFileSync(join(FOLDER, "wit.md"), `# WIT\n${WIT.map(readWit).join("")}`);
}

/** The file of a module's types. @param {string} module */
function typesOf(module) {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return join(ROOT, exports[module.replace("micropython-ssl", ".")].types);
}

/** Where typedoc puts a module's page. @param {string} module */
function markdownOf(module) {
  const types = relative(ROOT, typesOf(module));
  return relative(ROOT, join(FOLDER, types.replace(/(\/index)?\.d\.ts$/, ".md")));
}

async function writeTypes() {
  const { Application } = await import("typedoc");
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    basePath: ROOT,
    entryPoints: Object.values(MODULES).map(typesOf),
    tsconfig: join(ROOT, "scripts", "lib", "reference.tsconfig.json"),
    out: FOLDER,
    readme: "none",
    disableSources: true,
    groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables"],
    disableGit: true,
    logLevel: "Warn",
    // The plugin's own:
    ...{ outputFileStrategy: "modules", hideBreadcrumbs: true, hidePageHeader: true, hideGroupHeadings: true },
    ...{ parametersFormat: "table", typeDeclarationFormat: "table" },
  });
  const project = await app.convert();
  if (!project) throw new Error("typedoc cannot read the published types");
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("typedoc found faults in the published types");
  for (const module of Object.values(MODULES)) {
    const path = join(ROOT, markdownOf(module));
    const text = readFileSync(path, "utf8");
    const contents = [...text.matchAll(/^## (.*)$/gm)].map(([, name]) => `[${name}](#${headingId(name)})`).join(" · ");
    writeFileSync(path, text.replace(/^# .*/, `# ${module}\n\n${contents}`));
  }
}

/**
 * A file of WIT as Markdown: for each interface and each world a heading, its comment and its text.
 *
 * @param {string} path
 */
function readWit(path) {
  const item = /^((?:\/\/\/.*\n)*)((?:@.*\n)*(interface|world) ([\w-]+) \{\n[^]*?^\}\n)/gm;
  return [...readFileSync(join(ROOT, path), "utf8").matchAll(item)]
    .map(([, comment, text, kind, name]) => `\n## ${kind} ${name}\n\n${comment.replace(/^\/\/\/ ?/gm, "")}\n\`\`\`wit\n${text}\`\`\`\n`)
    .join("");
}
