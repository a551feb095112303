// `npm run parts`: a page with every part of the dashboard in every state, in both themes.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { checkNode, ensureInstalled, root, toolEnvironment } from "./install.mjs";
import { launch } from "./progress.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  const vite = join(root, "web/node_modules/vite/bin/vite.js");
  const args = [vite, "--config", "parts/vite.config.ts", ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, {
    cwd: join(root, "web"),
    env: toolEnvironment(),
    stdio: "inherit",
  });
  // A terminal sends its Ctrl-C to the child as well.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.exitCode = await new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 0)));
});
