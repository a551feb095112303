/** `npm run bench -- <name>`: each benchmark measures in one run, next to what it is compared with. */
const benches: Record<string, (() => Promise<{ run(): Promise<boolean> }>)[]> = {
  alerts: [() => import("./alerts.ts")],
  queues: [() => import("./queues.ts")],
  status: [() => import("./status.ts")],
  history: [() => import("./history.ts")],
  audit: [() => import("./audit/audit-write.ts"), () => import("./audit/audit-read.ts")],
  live: [() => import("./live/live.ts")],
  replays: [() => import("./replays.ts")],
  webhooks: [() => import("./webhooks/webhooks.ts"), () => import("./replays.ts")],
  "webhooks-cost": [() => import("./webhooks/cost.ts")],
  deliveries: [() => import("./deliveries.ts")],
  jobs: [() => import("./jobs.ts")],
  users: [() => import("./users/users.ts")],
  "audit-read": [() => import("./audit/audit-read.ts")],
  web: [() => import("./web.ts")],
  "audit-chain": [() => import("./audit/audit-write.ts")],
};

const [name = ""] = process.argv.slice(2);
const parts = benches[name];
if (!parts) {
  process.stderr.write(`Name a benchmark: ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
let isReached = true;
for (const load of parts) isReached = (await (await load()).run()) && isReached;
process.exitCode = isReached ? 0 : 1;
