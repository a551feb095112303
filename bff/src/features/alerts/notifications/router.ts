import type { Selectable, Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import {
  type Called,
  calledByStep,
  everyone,
  nextStep,
  readStanding,
  type Standing,
  type StandingTeam,
  sendsAt,
  teamFor,
  waysOf,
} from "../routing/routing.ts";
import {
  type Because,
  type Content,
  insertNotifications,
  type Recipient,
  toChannel,
  toPerson,
} from "./rows.ts";

type Announced = Selectable<Tables["alert_announcements"]>;
type Call = Selectable<Tables["alert_calls"]>;

const atOnce = 50;
const minuteMs = 60_000;

type RouterDeps = { database: Database; sendsMail: boolean; clock: Clock };

/**
 * Turns announcements into notifications, and takes the next step of calls that nobody has acknowledged. Several
 * processes share the work: each row is locked by one of them, and a killed one leaves it as it was.
 */
export function createRouter({ database, sendsMail, clock }: RouterDeps) {
  /** Standings of one transaction, each read once. */
  const createReader = (tx: Transaction<Tables>) => {
    const read = new Map<string, Promise<Standing>>();
    return (organizationId: string) => {
      const known =
        read.get(organizationId) ??
        readStanding(tx, organizationId, { sendsMail, sinceMs: clock.now() - 1_000 });
      read.set(organizationId, known);
      return known;
    };
  };
  type Reader = ReturnType<typeof createReader>;

  const recipientsOf = (called: Called, severity: Content["severity"], atMs: number): Recipient[] => [
    ...called.people.flatMap((person) => waysOf(person, severity, atMs).map((way) => toPerson(person, way))),
    ...called.channels.filter((channel) => sendsAt(channel, severity)).map(toChannel),
  ];

  async function tell(
    tx: Transaction<Tables>,
    standing: Standing,
    content: Content,
    recipients: readonly Recipient[],
    because: Because,
  ) {
    const nowMs = clock.now();
    const digestAt = new Date(nowMs + standing.settings.digestMinutes * minuteMs);
    await insertNotifications(tx, content, recipients, { because, now: new Date(nowMs), digestAt });
  }

  /** Calls whom a step names, and says what follows it. */
  async function take(
    tx: Transaction<Tables>,
    standing: Standing,
    team: StandingTeam | null,
    content: Content,
    { step, round }: { step: number; round: number },
  ) {
    const nowMs = clock.now();
    const called = team ? calledByStep(standing, team, step, nowMs) : everyone(standing);
    const because = { team: team?.name ?? null, step: team ? step + 1 : null };
    await tell(tx, standing, content, recipientsOf(called, content.severity, nowMs), because);
    // Nobody is woken, step after step, for what is for information only.
    const next = team && content.severity !== "info" ? nextStep(team, { step, round }) : null;
    return {
      step: next?.step ?? step,
      round: next?.round ?? round,
      next_at: next ? new Date(nowMs + next.waitMs) : null,
    };
  }

  async function begin(tx: Transaction<Tables>, row: Announced, read: Reader) {
    const standing = await read(row.org_id);
    const labels = { ...labelsOf(row.labels), severity: row.severity };
    const team = teamFor(standing, labels);
    const next = await take(tx, standing, team, contentOf(row), { step: 0, round: 0 });
    const call = {
      team_id: team?.id ?? null,
      severity: row.severity,
      title: row.title,
      summary: row.summary,
      path: row.path,
      labels: JSON.stringify(row.labels),
      started_at: row.started_at,
      state: "calling",
      step: next.step,
      round: next.round,
      next_at: next.next_at,
      updated_at: new Date(clock.now()),
    } as const;
    await tx
      .insertInto("alert_calls")
      .values({ org_id: row.org_id, incident_id: row.incident_id, ...call })
      .onConflict((conflict) => conflict.columns(["org_id", "incident_id"]).doUpdateSet(call))
      .execute();
  }

  /** Tells those who were told that it began; a person who was woken is not woken again. */
  async function follow(tx: Transaction<Tables>, row: Announced, read: Reader) {
    const standing = await read(row.org_id);
    const told = await tx
      .selectFrom("notifications")
      .select(["channel", "user_id", "channel_id", "recipient", "address", "throttle_key"])
      .distinct()
      .where("org_id", "=", row.org_id)
      .where("incident_id", "=", row.incident_id)
      .where("event", "in", ["fired", "reopened", "escalated"])
      .where("state", "in", ["sent", "sending", "digested"])
      .limit(500)
      .execute();
    const isTaken = row.event === "acknowledged";
    const recipients = told
      // Somebody took it: rooms and lists show it, and nobody's phone rings.
      .filter(({ channel, user_id }) => !isTaken || user_id === null || channel === "bell")
      .map(
        (each): Recipient => ({
          channel: each.channel,
          userId: each.user_id,
          channelId: each.channel_id,
          recipient: each.recipient,
          address: each.address,
          throttleKey: null,
          isDigest: false,
        }),
      );
    await tell(tx, standing, contentOf(row), recipients, { team: null, step: null });
    await tx
      .updateTable("alert_calls")
      .set({ state: isTaken ? "acknowledged" : "ended", next_at: null, updated_at: new Date(clock.now()) })
      .where("org_id", "=", row.org_id)
      .where("incident_id", "=", row.incident_id)
      .execute();
  }

  /** @returns how many were routed. */
  const routeSome = () =>
    database.system.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom("alert_announcements")
        .selectAll()
        .orderBy("id")
        .limit(atOnce)
        .forUpdate()
        .skipLocked()
        .execute();
      if (rows.length === 0) return 0;
      const read = createReader(tx);
      for (const row of rows)
        await (row.event === "resolved" || row.event === "acknowledged"
          ? follow(tx, row, read)
          : begin(tx, row, read));
      const ids = rows.map(({ id }) => id);
      await tx.deleteFrom("alert_announcements").where("id", "in", ids).execute();
      return rows.length;
    });

  async function escalateOne(tx: Transaction<Tables>, call: Call, read: Reader) {
    const standing = await read(call.org_id);
    const team = standing.teams.find(({ id }) => id === call.team_id) ?? null;
    const content = contentOf({ ...call, event: "fired" });
    const next = team?.steps[call.step]
      ? await take(tx, standing, team, content, call)
      : { step: call.step, round: call.round, next_at: null };
    await tx
      .updateTable("alert_calls")
      .set({ step: next.step, round: next.round, next_at: next.next_at, updated_at: new Date(clock.now()) })
      .where("org_id", "=", call.org_id)
      .where("incident_id", "=", call.incident_id)
      .execute();
  }

  /** @returns how many calls went a step on. */
  const escalateSome = () =>
    database.system.transaction().execute(async (tx) => {
      const calls = await tx
        .selectFrom("alert_calls")
        .selectAll()
        .where("state", "=", "calling")
        .where("next_at", "<=", new Date(clock.now()))
        .orderBy("next_at")
        .limit(atOnce)
        .forUpdate()
        .skipLocked()
        .execute();
      const read = createReader(tx);
      for (const call of calls) await escalateOne(tx, call, read);
      return calls.length;
    });

  return {
    /** Routes everything that waits, and takes every step that is due. */
    async run(): Promise<number> {
      let done = 0;
      for (const some of [routeSome, escalateSome])
        for (let count = atOnce; count === atOnce; done += count) count = await some();
      return done;
    },
  };
}
export type Router = ReturnType<typeof createRouter>;

const labelsOf = (labels: unknown): Record<string, string> =>
  typeof labels === "object" && labels !== null
    ? Object.fromEntries(
        Object.entries(labels).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
      )
    : {};

const contentOf = (
  row: Pick<
    Announced,
    "org_id" | "incident_id" | "event" | "severity" | "title" | "summary" | "path" | "started_at"
  >,
): Content => ({
  organizationId: row.org_id,
  incidentId: row.incident_id,
  event: row.event,
  severity: row.severity,
  title: row.title,
  summary: row.summary,
  path: row.path,
  startedAt: row.started_at,
});
