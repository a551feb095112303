import type { Overview, Problem } from "@wheelhouse/shared/health.ts";
import { breakerProblem } from "#observe/breaker-problem.ts";
import { isStale } from "#observe/build-tick.ts";
import type { OrganizationPart } from "#observe/organization-views.ts";
import { spanOf } from "#observe/span.ts";
import type { ObservedQueue, ObservedServer } from "#observe/tick.ts";

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

/**
 * All that is wrong now, worst first, then the oldest. A queue of a server that is away is no problem of its own: the
 * server explains it.
 */
export function findProblems(part: OrganizationPart): Problem[] {
  const nowMs = part.observedAt === null ? 0 : Date.parse(part.observedAt);
  const found: Found[] = [
    ...part.servers.flatMap((server) => serverProblem(server, part, nowMs)),
    ...part.queues.flatMap((queue) => queueProblem(queue)),
    ...part.breakers.flatMap(breakerProblem),
    ...webhookProblems(part),
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
  const queues = part.queues.filter(({ source }) => source === server.id).length;
  const common = {
    id: `server:${server.id}`,
    subject: server.name,
    affects: server.kind === "redis" ? plural(queues, "queue") : "webhooks, audit",
    area: "health",
    path: "overview",
  } as const;
  const late = isStale(server.observedAt, server.intervalMs, nowMs);
  if (server.state === "ok" || server.state === "unknown") {
    const observedAt = server.observedAt;
    if (!late || observedAt === null)
      return server.state === "ok"
        ? []
        : [
            {
              ...{ ...common, state: "unknown", label: word.unknown, title: "cannot be judged" },
              ...{ cause: server.cause ?? "It was not asked yet", since: server.since },
            },
          ];
    return [
      {
        ...{ ...common, state: "stale", label: `Stale ${spanOf(nowMs - Date.parse(observedAt))}` },
        title: `no answer for ${spanOf(nowMs - Date.parse(observedAt))}`,
        cause: `Was ok. Asked every ${spanOf(server.intervalMs)}, answered last at ${clockOf(observedAt)}`,
        since: observedAt,
      },
    ];
  }
  const { state } = server;
  return [
    {
      ...{ ...common, state, label: word[state], since: server.since },
      title: state === "down" ? "does not answer" : "needs attention",
      cause:
        state === "down" && server.observedAt !== null
          ? `${server.cause ?? "No answer"}. Answered last at ${clockOf(server.observedAt)}`
          : (server.cause ?? "No answer"),
    },
  ];
}

function queueProblem(queue: ObservedQueue): Found[] {
  if (queue.state !== "down" && queue.state !== "degraded") return [];
  const waiting = queue.counts.waiting + queue.counts.prioritized;
  const titles: Record<string, string> = {
    "No worker": "no worker is listening",
    "Old jobs": `oldest job waits ${queue.oldestWaitingMs === null ? "long" : spanOf(queue.oldestWaitingMs)}`,
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
        ...{ id: "webhooks:figures", state: "unknown", label: word.unknown, subject: "webhooks" },
        ...{ title: "figures cannot be read", cause: "Postgres does not answer", affects: "deliveries" },
        ...{ since: failingSince, area: "webhooks", path: "webhooks" },
      },
    ];
  if (!figures) return [];
  const problems: Found[] = [];
  if (figures.deadLetters > 0 && part.deadLettersSince !== null)
    problems.push({
      ...{ id: "webhooks:dead-letters", state: "degraded", label: "Dead letters", subject: "webhooks" },
      title: `${plural(figures.deadLetters, "dead letter")} ${figures.deadLetters === 1 ? "waits" : "wait"} for replay`,
      cause: "All their attempts failed; nothing sends them again by itself",
      affects: plural(figures.deadLetters, "delivery", "deliveries"),
      ...{ since: part.deadLettersSince, area: "webhooks", path: "webhooks?status=dead_letter" },
    });
  return problems;
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

/** How many checks are in which state: every server, every queue, and webhooks where there are endpoints. */
export function countChecks(part: OrganizationPart): Overview["checks"] {
  const nowMs = part.observedAt === null ? 0 : Date.parse(part.observedAt);
  const counts = { total: 0, ok: 0, degraded: 0, down: 0, unknown: 0, stale: 0 };
  const add = (state: keyof typeof counts) => {
    counts.total += 1;
    counts[state] += 1;
  };
  for (const server of part.servers) {
    const late = server.state !== "down" && isStale(server.observedAt, server.intervalMs, nowMs);
    add(late ? "stale" : server.state);
  }
  for (const { state } of part.queues) add(state);
  const { figures, failingSince } = part.webhooks;
  if (failingSince !== null) add("unknown");
  else if (figures && figures.endpoints > 0)
    add(
      figures.deadLetters > 0 || figures.breakers.some(({ state }) => state === "open") ? "degraded" : "ok",
    );
  return counts;
}
