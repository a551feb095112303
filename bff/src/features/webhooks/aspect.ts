import type { Clock } from "#lib/time/clock.ts";
import {
  type Aspect,
  aspectKey,
  type Board,
  type Finding,
  type OrganizationKey,
  type Owned,
  type Part,
  type Tile,
} from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
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
  intervalMs: number;
  clock: Clock;
}): Board<ObservedWebhooks> {
  const { statistics, intervalMs, clock } = deps;
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
    observe({ nowMs, organizations }) {
      const latest = probe.latest();
      if (latest && (madeOf[0] !== latest || madeOf[1] !== organizations)) {
        rows = rowsOf(latest.value, organizations, { before: rows, nowMs });
        observedAt = isoOf(latest.atMs);
        madeOf = [latest, organizations];
      }
      const isOld = observedAt === null || nowMs - Date.parse(observedAt) > staleMs;
      const extra: WebhooksExtra = { observedAt, failing: probe.failure() !== null && isOld };
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
  findings: findingsOf,
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
  const isDegraded = deadLetters > 0 || breakers.some(({ state }) => state === "open");
  const state = isDegraded ? "degraded" : "ok";
  const count = deadLetters.toLocaleString("en-GB");
  return [
    ...breakers.flatMap(({ endpointId, name, disablesAt }): Finding[] =>
      disablesAt === null ? [] : [disablingOf(endpointId, name, disablesAt, since)],
    ),
    {
      node: "webhooks:dead-letters",
      state,
      check: endpoints > 0 ? state : null,
      explainedBy: null,
      problem:
        deadLetters === 0 || deadLettersSince === null
          ? null
          : {
              state: "degraded",
              label: "Dead letters",
              subject: "webhooks",
              title:
                deadLetters === 1
                  ? `${count} dead letter waiting for replay`
                  : `${count} dead letters waiting for replay`,
              cause: "All attempts failed; they are not retried automatically",
              affects: `${count} ${deadLetters === 1 ? "delivery" : "deliveries"}`,
              countsDependants: false,
              since: deadLettersSince,
              area: "webhooks",
              path: "webhooks?status=dead_letter",
            },
    },
  ];
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
