// `npm run doctor` and the other commands of a deployment: compiled like the server, so that they start at once.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkNode, ensureInstalled, ensureServerBuilt, root } from "./install.mjs";
import { launch } from "./progress.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  await ensureServerBuilt();
  const [name, ...args] = process.argv.slice(2);
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", `dist/${name}.js`, ...args], {
    cwd: join(root, "bff"),
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
});
