// `npm start`: brings the clone up to date and runs the product, all roles in one process, on embedded servers.
import { checkNode, ensureBuilt, ensureInstalled } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { runTethered } from "./tethered.mjs";
import { checkVariables } from "./variables.mjs";
import { watchedAddresses } from "./watch-arguments.mjs";

await launch(async () => {
  checkNode();
  const watched = watchedAddresses(process.argv.slice(2), process.env.WHEELHOUSE_WATCH);
  if (watched !== undefined) process.env.WHEELHOUSE_WATCH = watched;
  const isChecked = await checkVariables();
  await ensureInstalled();
  if (!isChecked) await checkVariables();
  await ensureBuilt();
  if (!process.env.REDIS_URL) await ensureRedis();
  process.exitCode = await runTethered(["src/main.ts"]);
});
