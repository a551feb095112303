// Checks a deployment as it stands, from the environment: `npm run doctor`, `npm run doctor -- --json`.
// Exit code 1 when a check failed.
import { parseArgs } from "node:util";
import { diagnose, hasFailed, linesOf } from "#doctor/doctor.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const startedAtMs = performance.now();
const results = await diagnose(process.env);
const durationMs = Math.round(performance.now() - startedAtMs);
const count = (status: string) => results.filter((result) => result.status === status).length;
const ok = !hasFailed(results);
const text = values.json
  ? `${JSON.stringify({ ok, durationMs, checks: results }, null, 2)}\n`
  : `${linesOf(results)}\n${count("pass")} passed, ${count("warn")} warnings, ${count("fail")} failed (${durationMs} ms)\n`;
// Connections to servers that hang would keep the process.
process.stdout.write(text, () => process.exit(ok ? 0 : 1));
