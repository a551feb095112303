// `npm start`: brings the clone up to date and runs the product, all roles in one process, on embedded servers.
import { checkNode, ensureBuilt, ensureInstalled } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { runTethered } from "./tethered.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
  if (!process.env.REDIS_URL) await ensureRedis();
  process.exitCode = await runTethered(["src/main.ts"]);
});
