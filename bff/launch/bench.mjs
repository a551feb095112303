// `npm run bench -- <name>`: runs a benchmark on what `npm start` needs, too: installed packages and a Redis.
import { checkNode, ensureInstalled, ensurePagesBuilt, ensureServerBuilt } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { runTethered } from "./tethered.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  await ensureRedis();
  if (process.argv[2] === "web") {
    await ensurePagesBuilt();
    await ensureServerBuilt();
  }
  process.exitCode = await runTethered(["--import", "tsx", "bench/main.ts", ...process.argv.slice(2)]);
});
