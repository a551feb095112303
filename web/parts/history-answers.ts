import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import type { Annotation, HistorySeries, JournalEntry } from "@wheelhouse/shared/history.ts";

/** How the history can answer. The organization that is asked about says which of them it is. */
export const historyAnswers = ["data", "empty", "pending", "failed"] as const;

const steps = 120;

const seriesFor = (url: URL, isEmpty: boolean): HistorySeries => {
  const fromMs = Date.parse(url.searchParams.get("from") ?? "");
  const toMs = Date.parse(url.searchParams.get("to") ?? "");
  const metrics = (url.searchParams.get("metrics") ?? "").split(",");
  const valueAt = (metric: number, step: number) =>
    step > 60 && step < 66 ? null : 45 + metric * 10 + 30 * Math.sin(step / (8 + metric * 5));
  return {
    kind: "server",
    id: "primary",
    from: new Date(fromMs).toISOString(),
    stepMs: (toMs - fromMs) / steps,
    series: metrics.map((metric, place) => {
      const values = Array.from({ length: steps }, (_, step) => (isEmpty ? null : valueAt(place, step)));
      return {
        metric,
        values,
        mins: values.map((value) => value && value - 6),
        maxs: values.map((value) => value && value + 6),
        percentiles: isEmpty ? null : { stepMs: 10_000, p50: 45, p95: 71, p99: 74 },
      };
    }),
  };
};

const changesOf = (isEmpty: boolean): { items: Annotation[]; isCut: boolean } => ({
  items: Array.from({ length: isEmpty ? 0 : 8 }, (_, index) => ({
    id: `change-${index}`,
    at: new Date(Date.now() - (index + 1) * 400_000).toISOString(),
    source: index % 2 === 0 ? "journal" : "deployment",
    text: index % 2 === 0 ? "Redis primary: OK → Down" : "orders 4.1.0 deployed",
    by: index % 2 === 0 ? "connection refused" : "deploy-bot",
    state: index % 2 === 0 ? "down" : null,
    subject: index % 2 === 0 ? "Redis primary" : "orders",
    fold: null,
  })),
  isCut: false,
});

const journalOf = (isEmpty: boolean): { items: JournalEntry[]; nextCursor: string | null } => ({
  items: Array.from({ length: isEmpty ? 0 : 3 }, (_, index) => ({
    id: `00000000-0000-4000-8000-00000000000${index}`,
    at: new Date(Date.now() - (index + 1) * 400_000).toISOString(),
    kind: "health",
    subjectId: "primary",
    subject: "Redis primary",
    from: "OK",
    to: index === 0 ? "Down" : "OK",
    text: index === 0 ? "OK → Down" : "Down → OK",
    cause: index === 0 ? "connection refused" : "answers again",
  })),
  nextCursor: isEmpty ? null : "more",
});

/** Answers calls to the history in place of the server; there is none behind this page. */
export const answerHistory: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input, window.location.origin);
  const answer = new Headers(init?.headers).get(organizationHeader);
  if (answer === "pending") return new Promise(() => undefined);
  if (answer === "failed")
    return Response.json(
      { error: { code: "unavailable", message: "Postgres does not answer", requestId: "req-4f1c" } },
      { status: 503 },
    );
  const isEmpty = answer === "empty";
  if (url.pathname.endsWith("/series")) return Response.json(seriesFor(url, isEmpty));
  if (url.pathname.endsWith("/annotations")) return Response.json(changesOf(isEmpty));
  return Response.json(journalOf(isEmpty));
};
