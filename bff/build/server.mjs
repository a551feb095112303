// Compiles the server and its commands into `bff/dist`, for `npm start` and for the image.
import { readFile, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const bff = fileURLToPath(new URL("../", import.meta.url));
const result = join(bff, "dist");
/** Put in the place of the former one when it is whole, because another start may be reading that. */
const outdir = `${result}-${process.pid}`;
const { dependencies } = JSON.parse(await readFile(join(bff, "package.json"), "utf8"));
const installed = Object.keys(dependencies).filter((name) => name !== "@wheelhouse/shared");

/** SQL, Lua and the pages are found from where a source lies, so a compiled file names the place of its source. */
const keepPlaces = {
  name: "keep places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/, namespace: "file" }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const place = JSON.stringify(relative(outdir, path));
      return {
        contents: text.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`),
        loader: "ts",
      };
    });
  },
};

await build({
  absWorkingDir: bff,
  entryPoints: [
    "src/main.ts",
    ...["create-admin", "doctor", "migrate", "verify-audit"].map((name) => `launch/${name}.ts`),
  ],
  entryNames: "[name]",
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  external: installed.flatMap((name) => [name, `${name}/*`]),
  plugins: [keepPlaces],
  logLevel: "warning",
});
await rm(result, { recursive: true, force: true });
await rename(outdir, result);
