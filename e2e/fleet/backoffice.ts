import { randomUUID } from "node:crypto";
import { type ReportedAuditEvent, reportAuditEvents } from "@wheelhouse/shared/audit/intake.ts";
import { createClerks } from "./clerks.ts";
import { readState } from "./fleet-state.ts";
import { runProgram } from "./program.ts";
import { createRhythm } from "./rhythm.ts";
import { readSettings } from "./settings.ts";

const actsPerSecond = 0.15;
// Far below an organization's hourly limit of changes.
const reportEveryMs = 20_000;
const heldMax = 500;
const callTimeoutMs = 10_000;

/** The shop's back office: clerks change customers and orders, and each action is reported to their company's trail. */
await runProgram("backoffice", async (log) => {
  const { baseUrl, dataDir } = readSettings(process.env);
  const token = (await readState(dataDir))?.token?.secret;
  if (!token) throw new Error("fleet.json has no token: start the fleet by main.ts");
  const clerks = createClerks();
  const rhythm = createRhythm();
  // Reported actions wait here until they are acknowledged; the same key again is the same event.
  let held: ReportedAuditEvent[] = [];

  const report = async () => {
    const events = held.slice(0, 100);
    if (events.length === 0) return;
    const response = await fetch(`${baseUrl}/api/v1${reportAuditEvents.path}`, {
      method: reportAuditEvents.method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ events }),
      signal: AbortSignal.timeout(callTimeoutMs),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { rejected, items } = reportAuditEvents.response.parse(body);
    if (rejected > 0)
      log(`${rejected} actions were rejected: ${JSON.stringify(items.find(({ id }) => id === null))}`);
    held = held.slice(events.length);
  };

  rhythm.atRandom(actsPerSecond, () => {
    const act = clerks.act();
    if (held.length < heldMax)
      held.push({ ...act, idempotencyKey: randomUUID(), occurredAt: new Date().toISOString() });
  });
  rhythm.every(reportEveryMs, () => {
    report().catch((error: unknown) => log(`actions are waiting to be reported: ${String(error)}`));
  });
  log("reports its clerks' actions");
  return async () => {
    rhythm.stop();
    await report();
  };
});
