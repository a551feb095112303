// `npm start`: brings the clone up to date and runs the product, all roles in one process, on embedded servers.
import { checkNode, ensureInstalled, ensurePagesBuilt, ensureServerBuilt } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { checkVariables } from "./start/variables.mjs";
import { watchedAddresses } from "./start/watch-arguments.mjs";
import { runTethered } from "./tethered.mjs";

await launch(async () => {
  checkNode();
  const watched = watchedAddresses(process.argv.slice(2), process.env.WHEELHOUSE_WATCH);
  if (watched !== undefined) process.env.WHEELHOUSE_WATCH = watched;
  checkVariables();
  await ensureInstalled();
  await ensurePagesBuilt();
  await ensureServerBuilt();
  if (!process.env.REDIS_URL && !process.env.REDIS_URL_FILE) await ensureRedis();
  process.exitCode = await runTethered(["--enable-source-maps", "dist/main.js"]);
});
