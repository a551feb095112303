import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Clock } from "#lib/time/clock.ts";
import {
  type Aspect,
  type AspectKey,
  aspectKey,
  type Board,
  type Finding,
  type FoundProblem,
  type OrganizationKey,
  type Owned,
  type Part,
  type Tile,
} from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
import { ownRedis } from "#observe/reports/reports.ts";
import { createProbe } from "#observe/targets/targets.ts";
import type { WebhookStatistics } from "./delivery/delivery.ts";

/** Webhook delivery of one organization. */
export type ObservedWebhooks = WebhookStatistics &
  Owned & {
    /** When dead letters were first seen waiting; null without any. */
    deadLettersSince: string | null;
  };
export type WebhooksExtra = {
  /** Time of the last read; null before the first. */
  observedAt: string | null;
  /** The figures cannot be read, and the known ones are outdated. */
  failing: boolean;
  /** Why deliveries stand still: the Redis that Wheelhouse works with is down. Absent from ticks of older versions. */
  stopped?: { server: string; name: string; since: string } | null;
};

export const webhookRows = aspectKey<ObservedWebhooks, WebhooksExtra>("webhooks");

type ReadStatistics = (organizationIds: readonly string[]) => Promise<ReadonlyMap<string, WebhookStatistics>>;

const everyMs = 2_000;
const staleMs = 10_000;
const notRead: WebhooksExtra = { observedAt: null, failing: false };
const isoOf = (ms: number) => new Date(ms).toISOString();

/** @param statistics rejects when Postgres is unavailable. */
export function createWebhooksBoard(deps: {
  statistics: ReadStatistics;
  /** Rows of the Redis servers, observed earlier in the tick. */
  servers: AspectKey<SourceView>;
  intervalMs: number;
  clock: Clock;
}): Board<ObservedWebhooks> {
  const { statistics, servers, intervalMs, clock } = deps;
  let asked: readonly OrganizationKey[] = [];
  const probe = createProbe(() => statistics(asked.map(({ id }) => id)), {
    clock,
    everyMs: Math.max(everyMs, intervalMs),
  });
  let rows: readonly ObservedWebhooks[] = [];
  let observedAt: string | null = null;
  let madeOf: readonly unknown[] = [];

  return {
    poke(known) {
      asked = known;
      return probe.poke();
    },
    adopt(adopted, extra) {
      rows = adopted;
      observedAt = webhookRows.adoptedExtra(extra)?.observedAt ?? null;
      madeOf = [];
    },
    observe(seen) {
      const { nowMs, organizations } = seen;
      const latest = probe.latest();
      if (latest && (madeOf[0] !== latest || madeOf[1] !== organizations)) {
        rows = rowsOf(latest.value, organizations, { before: rows, nowMs });
        observedAt = isoOf(latest.atMs);
        madeOf = [latest, organizations];
      }
      const isOld = observedAt === null || nowMs - Date.parse(observedAt) > staleMs;
      const redis = servers.rows(seen).find(({ id, state }) => id === ownRedis && state === "down");
      const stopped = redis ? { server: redis.id, name: redis.name, since: redis.since } : null;
      const extra: WebhooksExtra = { observedAt, failing: probe.failure() !== null && isOld, stopped };
      return { rows, changes: [], extra };
    },
    rest() {},
  };
}

function rowsOf(
  statistics: ReadonlyMap<string, WebhookStatistics>,
  organizations: readonly OrganizationKey[],
  { before, nowMs }: { before: readonly ObservedWebhooks[]; nowMs: number },
): ObservedWebhooks[] {
  const slugs = new Map(organizations.map(({ id, slug }) => [id, slug]));
  const known = new Map(before.map((row) => [row.id, row.deadLettersSince]));
  return [...statistics].flatMap(([id, figuresNow]) => {
    const organization = slugs.get(id);
    if (organization === undefined) return [];
    const deadLettersSince = figuresNow.deadLetters > 0 ? (known.get(id) ?? isoOf(nowMs)) : null;
    return [{ ...figuresNow, id, organization, deadLettersSince }];
  });
}

const figures = defineFigures<WebhookStatistics>("webhooks", [
  ["endpoints", ({ endpoints }) => endpoints],
  ["pending", ({ pending }) => pending],
  ["deadLetters", ({ deadLetters }) => deadLetters],
  ["attemptsPerSecond", ({ attemptsPerSecond }) => attemptsPerSecond],
  ["errorRatio", ({ errorRatio }) => errorRatio],
  ["durationMsP95", ({ durationMsP95 }) => durationMsP95],
  ["deliveredPerSecond", ({ deliveredPerSecond }) => deliveredPerSecond],
  ["firstAttemptSuccessRatio", ({ firstAttemptSuccessRatio }) => firstAttemptSuccessRatio],
]);

/** Webhook delivery as a whole, one row per organization; deliveries themselves are read from Postgres. */
export const createWebhooksAspect = (board?: Board<ObservedWebhooks>): Aspect<ObservedWebhooks> => ({
  key: webhookRows.key,
  board,
  findings: (rows, part) => [...findingsOf(rows, part), ...standstillOf(rows, part)],
  edges: {
    noun: "webhook delivery",
    isOnlyOne: true,
    of: (rows) =>
      rows.flatMap(({ breakers, endpoints }) => [
        ...(endpoints > 0 ? [{ from: deliveryNode, to: serverNode(ownRedis) }] : []),
        ...breakers.map(({ endpointId }) => ({ from: deliveryNode, to: breakerNode(endpointId) })),
      ]),
  },
  tile: tileOf,
  trends(rows, seen, { recent }) {
    const { failing } = webhookRows.extra(seen) ?? notRead;
    for (const row of rows) {
      const add = (figure: string, value: number | null) =>
        recent(`${figure}:${row.organization}`, failing ? null : value);
      add("attempts", row.attemptsPerSecond);
      add("errors", row.errorRatio);
      add("duration", row.durationMsP95);
      add("delivered", row.deliveredPerSecond);
    }
  },
  figures(rows, seen) {
    const { failing } = webhookRows.extra(seen) ?? notRead;
    return rows.map((row) =>
      figures.one(row, { organizationId: row.id, entity: "webhooks", isKnown: !failing }),
    );
  },
  gauges: [
    {
      name: "webhook_deliveries",
      help: "Waiting deliveries by kind",
      labels: ["organization", "kind"],
      tell({ organization, pending, deadLetters }, set) {
        set({ organization, kind: "pending" }, pending);
        set({ organization, kind: "dead_letter" }, deadLetters);
      },
    },
  ],
});

/** Delivery as a whole; named as in its figures. */
const deliveryNode = "webhooks:webhooks";
const deadLettersNode = "webhooks:dead-letters";
const serverNode = (id: string) => `server:${id}`;
const breakerNode = (endpointId: string) => `breaker:webhook-delivery~${encodeURIComponent(endpointId)}`;

/** Without Redis no delivery is sent, though nothing of it fails: it is an effect of that, where the server is seen. */
function standstillOf(rows: readonly ObservedWebhooks[], part: Part): Finding[] {
  const stopped = webhookRows.extra(part)?.stopped ?? null;
  const [row] = rows;
  if (stopped === null || row === undefined || row.endpoints === 0) return [];
  const problem: FoundProblem = {
    state: "degraded",
    label: "Waiting",
    subject: "Webhooks",
    title: "delivery stands still",
    cause: `${stopped.name} is not responding. Events are accepted; deliveries wait and are sent once it responds`,
    affects: null,
    countsDependants: false,
    since: stopped.since,
    area: "webhooks",
    path: "webhooks",
  };
  return [
    { node: deliveryNode, state: "degraded", check: null, explainedBy: causeOf(stopped, part), problem },
  ];
}

/** The server belongs to one organization; to the others the standstill is a problem of its own. */
const causeOf = ({ server }: { server: string }, part: Part) =>
  part.rowsOf("servers").some(({ id }) => id === server) ? serverNode(server) : null;

/** The figures of one organization; null while they are unknown. */
function knownOf(rows: readonly ObservedWebhooks[], part: Part): ObservedWebhooks | null {
  const { failing } = webhookRows.extra(part) ?? notRead;
  return failing ? null : (rows[0] ?? null);
}

function findingsOf(rows: readonly ObservedWebhooks[], part: Part): Finding[] {
  const { failing, observedAt } = webhookRows.extra(part) ?? notRead;
  const since = observedAt ?? part.observedAt;
  if (failing && since !== null)
    return [
      {
        node: "webhooks:figures",
        state: "unknown",
        check: "unknown",
        explainedBy: null,
        problem: {
          state: "unknown",
          label: "Unknown",
          subject: "webhooks",
          title: "metrics unavailable",
          cause: "Postgres is not responding",
          affects: "deliveries",
          countsDependants: false,
          since,
          area: "webhooks",
          path: "webhooks",
        },
      },
    ];
  const row = knownOf(rows, part);
  if (row === null) return [];
  const { endpoints, deadLetters, deadLettersSince, breakers } = row;
  const open = breakers.find(({ state: each }) => each === "open");
  const isDegraded = deadLetters > 0 || open !== undefined;
  const state = isDegraded ? "degraded" : "ok";
  return [
    ...breakers.flatMap(({ endpointId, name, disablesAt }): Finding[] =>
      disablesAt === null ? [] : [disablingOf(endpointId, name, disablesAt, since)],
    ),
    {
      node: deadLettersNode,
      state,
      check: endpoints > 0 ? state : null,
      // With no dead letter, the check fails only because of a breaker, which is a problem already.
      explainedBy: deadLetters === 0 && open ? breakerNode(open.endpointId) : null,
      problem: deadLettersSince === null ? null : deadLettersProblem(deadLetters, deadLettersSince),
    },
  ];
}

function deadLettersProblem(deadLetters: number, since: string): FoundProblem | null {
  if (deadLetters === 0) return null;
  const count = deadLetters.toLocaleString("en-GB");
  return {
    state: "degraded",
    label: "Dead letters",
    subject: "webhooks",
    title: `${count} dead ${deadLetters === 1 ? "letter" : "letters"} waiting for replay`,
    cause: "All attempts failed; they are not retried automatically",
    affects: `${count} ${deadLetters === 1 ? "delivery" : "deliveries"}`,
    countsDependants: false,
    since,
    area: "webhooks",
    path: "webhooks?status=dead_letter",
  };
}

/** Half of the time has passed after which an endpoint that only fails is disabled. */
function disablingOf(endpointId: string, name: string, disablesAt: string, since: string | null): Finding {
  const at = `${disablesAt.slice(5, 10)} ${disablesAt.slice(11, 16)} UTC`;
  return {
    node: `webhooks:disabling:${endpointId}`,
    state: "degraded",
    check: null,
    explainedBy: null,
    problem: {
      state: "degraded",
      label: "Failing",
      subject: name,
      title: `will be disabled at ${at}`,
      cause: "No attempt has succeeded; a success, or a change of its settings, prevents it",
      affects: "new events",
      countsDependants: false,
      since: since ?? disablesAt,
      area: "webhooks",
      path: "webhooks?tab=endpoints",
    },
  };
}

function tileOf(rows: readonly ObservedWebhooks[], part: Part): Tile {
  const row = knownOf(rows, part);
  const figure = (name: string, value: number | null | undefined) => ({
    value: value ?? null,
    trend: part.trend(`${name}:${part.organization.slug}`),
  });
  return {
    webhooks: {
      endpoints: row?.endpoints ?? null,
      deadLetters: row?.deadLetters ?? null,
      pending: row?.pending ?? null,
      deliveredPerSecond: figure("delivered", row?.deliveredPerSecond),
      firstAttemptSuccessRatio: row?.firstAttemptSuccessRatio ?? null,
    },
    red: {
      ratePerSecond: figure("attempts", row?.attemptsPerSecond),
      errorRatio: figure("errors", row?.errorRatio),
      durationMsP95: figure("duration", row?.durationMsP95),
    },
  };
}
