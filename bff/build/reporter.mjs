// Builds the package from shared/src/reporter: JavaScript for ESM and CommonJS, and types, without dependencies.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureInstalled } from "../launch/install.mjs";

// A fresh clone has no packages yet.
await ensureInstalled();
const { rolldown } = await import("rolldown");

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = join(root, "shared/reporter");
const sources = join(root, "shared/src");
const zod = join(root, "shared/node_modules/zod");
const dist = join(here, "dist");
const moduleTypes = { esm: "module", cjs: "commonjs" };
const entry = "reporter/package";

/** What is sent is declared as zod schemas. Their types are written out, so that users of the package need no zod. */
const typesOfSchemas = {
  "breaker-state.d.ts": ({ report: { shape } }) => ({
    BreakerState: shape.breakers.element.shape.state,
    BreakerCommand: shape.breakers.element.shape.commands.element,
  }),
  "reporter/control.d.ts": ({ controlCommand: { shape } }) => ({ ControlAct: shape.act }),
  "reporter/report.d.ts": ({ report }) => ({
    Report: report,
    ReportedBreaker: report.shape.breakers.element,
    ReportedCache: report.shape.caches.element,
    ReportedProcess: report.shape.process.unwrap(),
  }),
};

const scratch = mkdtempSync(join(here, ".build-"));
try {
  rmSync(dist, { recursive: true, force: true });
  const declarations = await declare();
  for (const [format, type] of Object.entries(moduleTypes)) {
    const folder = join(dist, format);
    await bundle(join(sources, `${entry}.ts`), join(folder, "index.js"), format);
    write(join(folder, "package.json"), `${JSON.stringify({ type })}\n`);
    write(join(folder, "index.d.ts"), `export * from "./types/${entry}.js";\n`);
    for (const [path, text] of declarations) write(join(folder, "types", path), text);
  }
  write(join(dist, "LICENSE-zod"), readFileSync(join(zod, "LICENSE"), "utf8"));
  cpSync(join(root, "LICENSE"), join(here, "LICENSE"));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function bundle(input, file, format) {
  const build = await rolldown({ input, platform: "node", treeshake: { moduleSideEffects: false } });
  await build.write({ file, format });
  await build.close();
}

/** The declarations that the entry needs, by path. */
async function declare() {
  const emitted = join(scratch, "types");
  emitDeclarations(emitted);
  const schemas = await loadSchemas();
  const found = new Map();
  const add = (path) => {
    if (found.has(path)) return;
    const text = Object.hasOwn(typesOfSchemas, path)
      ? Object.entries(typesOfSchemas[path](schemas))
          .map(([name, schema]) => `export type ${name} = ${typeOf(schemas.z.toJSONSchema(schema))};\n`)
          .join("")
      : readFileSync(join(emitted, path), "utf8");
    found.set(path, text.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
    for (const [, imported] of text.matchAll(/from "(\.[^"]*)\.ts"/g))
      add(posix.join(dirname(path), `${imported}.d.ts`));
  };
  add(`${entry}.d.ts`);
  return found;
}

function emitDeclarations(outDir) {
  const config = join(scratch, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    incremental: false,
    tsBuildInfoFile: null,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: sources,
    outDir,
    typeRoots: [join(root, "node_modules/@types")],
  };
  const files = [join(sources, `${entry}.ts`)];
  write(config, JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files }));
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], {
    stdio: "inherit",
  });
}

/** Node 20 runs no TypeScript, so the schemas are bundled first. */
async function loadSchemas() {
  const from = [
    join(sources, "reporter/report.ts"),
    join(sources, "reporter/control.ts"),
    join(zod, "index.js"),
  ];
  const input = join(scratch, "schemas.ts");
  write(input, from.map((path) => `export * from ${JSON.stringify(path)};\n`).join(""));
  await bundle(input, join(scratch, "schemas.mjs"), "esm");
  return import(pathToFileURL(join(scratch, "schemas.mjs")).href);
}

/** A JSON schema as a TypeScript type. */
function typeOf(schema) {
  const { type, anyOf, oneOf, items, properties, required = [] } = schema;
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (anyOf ?? oneOf) return (anyOf ?? oneOf).map(typeOf).join(" | ");
  if (Array.isArray(type)) return type.map((each) => typeOf({ ...schema, type: each })).join(" | ");
  if (type === "array") return `(${typeOf(items)})[]`;
  if (type === "integer") return "number";
  if (type !== "object") return type;
  const fields = Object.entries(properties).map(([name, field]) =>
    required.includes(name) ? `${name}: ${typeOf(field)};` : `${name}?: ${typeOf(field)} | undefined;`,
  );
  return `{\n${fields.join("\n")}\n}`;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
