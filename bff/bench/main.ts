/** `pnpm bench <name>`: figures, each measured in one run beside what it is compared with. */
const benches: Record<string, () => Promise<{ run(): Promise<boolean> }>> = {
  queues: () => import("./queues.ts"),
};

const [name = ""] = process.argv.slice(2);
const load = benches[name];
if (!load) {
  process.stderr.write(`Say which: ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
process.exitCode = (await (await load()).run()) ? 0 : 1;
