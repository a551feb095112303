// `npm run dev`: brings the clone up to date and runs the product from its sources, for development.
import { checkNode, ensureInstalled, toolEnvironment } from "./install.mjs";
import { ensureRedis } from "./programs.mjs";
import { launch } from "./progress.mjs";
import { runTethered } from "./tethered.mjs";

await launch(async () => {
  checkNode();
  await ensureInstalled();
  if (!process.env.REDIS_URL) await ensureRedis();
  const args = ["--import", "tsx", "launch/dev/dev.ts", ...process.argv.slice(2)];
  process.exitCode = await runTethered(args, toolEnvironment());
});
