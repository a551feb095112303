import { isStale, staleAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import { breakerProblem } from "#observe/breaker-problem.ts";
import { cacheProblem } from "#observe/cache-problem.ts";
import type { OrganizationPart } from "#observe/organization-views.ts";
import type { ObservedQueue, ObservedServer, ObservedService } from "#observe/tick.ts";

type Found = Omit<Problem, "changedBefore">;

const relatedWithinMs = 30 * 60_000;
const rank: Record<Problem["state"], number> = { down: 0, degraded: 1, unknown: 2, stale: 3 };
const mostProblems = 50;

const plural = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
const word: Record<Problem["state"], string> = {
  down: "Down",
  degraded: "Degraded",
  unknown: "Unknown",
  stale: "Stale",
};

const isServer = ({ kind }: ObservedService) => kind === "redis" || kind === "postgres";
/** What was not asked yet has so many intervals until that is a problem. */

/**
 * All that is wrong now, worst first, then the oldest. What a root cause explains is no problem of its own, nor is a
 * queue of a server that is away, nor what planned work goes on at.
 */
export function findProblems(part: OrganizationPart): Problem[] {
  const nowMs = part.observedAt === null ? 0 : Date.parse(part.observedAt);
  const found: Found[] = [
    ...part.servers.flatMap((server) => serverProblem(server, part, nowMs)),
    ...part.services.flatMap((service) => serviceProblem(service, nowMs)),
    ...part.queues.flatMap((queue) => queueProblem(queue)),
    ...part.breakers.flatMap(breakerProblem),
    ...part.caches.flatMap(cacheProblem),
    ...webhookProblems(part),
    ...sourcesFileProblem(part),
  ];
  return found
    .sort(
      (a, b) =>
        rank[a.state] - rank[b.state] || a.since.localeCompare(b.since) || a.subject.localeCompare(b.subject),
    )
    .slice(0, mostProblems)
    .map((problem) => ({ ...problem, changedBefore: changeBefore(problem, part) }));
}

function serverProblem(server: ObservedServer, part: OrganizationPart, nowMs: number): Found[] {
  const row = part.services.find(({ id }) => id === server.id);
  if (row && row.maintenance !== null) return [];
  const queues = part.queues.filter(({ source }) => source === server.id).length;
  const own = server.kind === "redis" ? plural(queues, "queue") : "webhooks, audit";
  const common = {
    id: `server:${server.id}`,
    subject: server.name,
    affects: row && row.affects > 0 ? `${plural(row.affects, "check")}, ${own}` : own,
    area: "health",
    path: row ? servicePath(server.id) : "overview",
  } as const;
  const late = isStale(server.observedAt, server.intervalMs, nowMs);
  if (server.state === "ok" || server.state === "unknown") {
    const observedAt = server.observedAt;
    if (!late || observedAt === null)
      return server.state === "ok"
        ? []
        : [
            {
              ...common,
              state: "unknown",
              label: word.unknown,
              title: "cannot be judged",
              cause: server.cause ?? "It was not asked yet",
              since: server.since,
            },
          ];
    return [
      {
        ...common,
        state: "stale",
        label: `Stale ${formatSpan(nowMs - Date.parse(observedAt))}`,
        title: `no answer for ${formatSpan(nowMs - Date.parse(observedAt))}`,
        cause: `Was ok. Asked every ${formatSpan(server.intervalMs)}, answered last at ${clockOf(observedAt)}`,
        since: observedAt,
      },
    ];
  }
  const { state } = server;
  return [
    {
      ...common,
      state,
      label: word[state],
      since: server.since,
      title: state === "down" ? "does not answer" : "needs attention",
      cause:
        state === "down" && server.observedAt !== null
          ? `${server.cause ?? "No answer"}. Answered last at ${clockOf(server.observedAt)}`
          : (server.cause ?? "No answer"),
    },
  ];
}

const servicePath = (id: string) => `services?service=${encodeURIComponent(id)}`;

/** Not judged yet, and not for so long that it would have to be. */
const isPending = (row: ObservedService, nowMs: number) =>
  row.observedAt === null &&
  row.state === "unknown" &&
  nowMs - Date.parse(row.since) < staleAfterMs(row.intervalMs);

function serviceProblem(row: ObservedService, nowMs: number): Found[] {
  if (isServer(row) || row.explainedBy !== null || row.maintenance !== null) return [];
  if (isPending(row, nowMs)) return [];
  const common = {
    id: `service:${row.id}`,
    subject: row.name,
    affects: row.affects > 0 ? plural(row.affects, "check") : "nothing else",
    area: "health",
    path: servicePath(row.id),
  } as const;
  const { state, observedAt } = row;
  if (state === "ok") {
    if (observedAt === null || !isStale(observedAt, row.intervalMs, nowMs)) return [];
    const age = formatSpan(nowMs - Date.parse(observedAt));
    return [
      {
        ...common,
        state: "stale",
        label: `Stale ${age}`,
        title: `not heard for ${age}`,
        since: observedAt,
        cause: `Was ok. Checked every ${formatSpan(row.intervalMs)}, last at ${clockOf(observedAt)}`,
      },
    ];
  }
  const titles = { down: "is down", degraded: "needs attention", unknown: "cannot be judged" };
  return [
    {
      ...common,
      state,
      label: word[state],
      title: titles[state],
      since: row.since,
      cause: row.cause ?? word[state],
    },
  ];
}

function queueProblem(queue: ObservedQueue): Found[] {
  if (queue.state !== "down" && queue.state !== "degraded") return [];
  const waiting = queue.counts.waiting + queue.counts.prioritized;
  const titles: Record<string, string> = {
    "No worker": "no worker is listening",
    "Old jobs": `oldest job waits ${queue.oldestWaitingMs === null ? "long" : formatSpan(queue.oldestWaitingMs)}`,
    Failing: "jobs fail",
  };
  return [
    {
      id: `queue:${queue.id}`,
      state: queue.state,
      label: queue.label,
      subject: queue.name,
      title: titles[queue.label] ?? queue.label,
      cause: queue.cause ?? queue.label,
      affects: plural(waiting, "job"),
      since: queue.since,
      area: "queues",
      path: `queues?queue=${encodeURIComponent(queue.id)}`,
    },
  ];
}

function webhookProblems(part: OrganizationPart): Found[] {
  const { figures, failingSince } = part.webhooks;
  if (failingSince !== null)
    return [
      {
        id: "webhooks:figures",
        state: "unknown",
        label: word.unknown,
        subject: "webhooks",
        title: "figures cannot be read",
        cause: "Postgres does not answer",
        affects: "deliveries",
        since: failingSince,
        area: "webhooks",
        path: "webhooks",
      },
    ];
  if (!figures) return [];
  const problems: Found[] = [];
  if (figures.deadLetters > 0 && part.deadLettersSince !== null)
    problems.push({
      id: "webhooks:dead-letters",
      state: "degraded",
      label: "Dead letters",
      subject: "webhooks",
      title: `${plural(figures.deadLetters, "dead letter")} ${figures.deadLetters === 1 ? "waits" : "wait"} for replay`,
      cause: "All their attempts failed; nothing sends them again by itself",
      affects: plural(figures.deadLetters, "delivery", "deliveries"),
      since: part.deadLettersSince,
      area: "webhooks",
      path: "webhooks?status=dead_letter",
    });
  return problems;
}

/** A bad edit changes nothing of what is watched, so that nobody would notice it. */
function sourcesFileProblem({ badFile }: OrganizationPart): Found[] {
  if (badFile === null) return [];
  const { name, problems, since, goodAt } = badFile;
  const [first, ...others] = problems ?? [];
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  const what = first === undefined ? "The platform's organization sees what is wrong" : `${first}${more}`;
  return [
    {
      id: "sources:file",
      state: "degraded",
      label: "Bad file",
      subject: name,
      title: "its last edit is bad",
      cause: `${what}. The last good version is kept, read on ${goodAt.slice(0, 10)} at ${clockOf(goodAt)}`,
      affects: "what is watched",
      since,
      area: "health",
      path: "sources",
    },
  ];
}

/** The newest change before the problem began, at most 30 min before it, that is not the problem itself. */
function changeBefore(problem: Found, part: OrganizationPart): Problem["changedBefore"] {
  const beganMs = Date.parse(problem.since);
  const before = part.changes.find(({ change, subject }) => {
    const beforeMs = beganMs - Date.parse(change.at);
    return subject !== problem.subject && beforeMs >= 0 && beforeMs <= relatedWithinMs;
  });
  return before ? { text: before.change.text, at: before.change.at, by: before.change.by } : null;
}

const clockOf = (iso: string) => `${iso.slice(11, 19)} UTC`;

/** How many checks are in which state: services, servers, queues and caches, and webhooks where there are endpoints. */
export function countChecks(part: OrganizationPart): Overview["checks"] {
  const nowMs = part.observedAt === null ? 0 : Date.parse(part.observedAt);
  const counts = {
    total: 0,
    ok: 0,
    degraded: 0,
    down: 0,
    unknown: 0,
    stale: 0,
    maintenance: 0,
    pending: 0,
    explained: 0,
  };
  const add = (state: Exclude<keyof typeof counts, "total" | "explained">) => {
    counts.total += 1;
    counts[state] += 1;
  };
  const rows = new Map(part.services.map((row) => [row.id, row]));
  const away = new Set<string>();
  for (const server of part.servers) {
    if (server.state === "down") away.add(server.id);
    const late = server.state !== "down" && isStale(server.observedAt, server.intervalMs, nowMs);
    add((rows.get(server.id)?.maintenance ?? null) !== null ? "maintenance" : late ? "stale" : server.state);
  }
  for (const row of part.services) {
    if (isServer(row)) continue;
    if (row.maintenance !== null) add("maintenance");
    else if (isPending(row, nowMs)) add("pending");
    else {
      if (row.explainedBy !== null) counts.explained += 1;
      const late = row.state === "ok" && isStale(row.observedAt, row.intervalMs, nowMs);
      add(late ? "stale" : row.state);
    }
  }
  for (const { state, source } of part.queues) {
    if (state === "unknown" && away.has(source)) counts.explained += 1;
    add(state);
  }
  for (const { state } of part.caches) add(state);
  const { figures, failingSince } = part.webhooks;
  if (failingSince !== null) add("unknown");
  else if (figures && figures.endpoints > 0)
    add(
      figures.deadLetters > 0 || figures.breakers.some(({ state }) => state === "open") ? "degraded" : "ok",
    );
  return counts;
}
