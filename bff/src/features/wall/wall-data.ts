import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";

const mostProblems = 5;
const mostPoints = 60;

/** What a wallboard shows; small, and made once a tick for all screens. */
export type WallData = {
  organization: string;
  /** By the server's clock. */
  now: number;
  observedAt: string | null;
  headline: { text: string; tone: string }[];
  sentence: string;
  problems: {
    state: string;
    label: string;
    title: string;
    cause: string;
    before: string;
    since: string;
    affects: string;
  }[];
  more: number;
  figures: { label: string; value: string; unit: string; points: (number | null)[] }[];
  ok: number;
};

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** At most sixty points, each the highest of its stretch. */
function pointsOf(trend: Overview["red"]["ratePerSecond"]["trend"]): (number | null)[] {
  const { values } = trend;
  const each = Math.max(1, Math.ceil(values.length / mostPoints));
  return Array.from({ length: Math.ceil(values.length / each) }, (_, at) => {
    const known = values.slice(at * each, (at + 1) * each).filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}

const problemOf = ({ state, label, subject, title, cause, changedBefore, since, affects }: Problem) => ({
  state,
  label,
  title: cut(`${subject}: ${title}`, 120),
  cause: cut(cause, 160),
  before: changedBefore === null ? "" : cut(changedBefore.text, 120),
  since,
  affects: cut(affects, 60),
});

const shown = (value: number | null, digits: number) =>
  value === null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: digits });

function figuresOf({ red, tiles }: Overview): WallData["figures"] {
  const { errorRatio } = red;
  return [
    {
      label: "Deliveries",
      value: shown(red.ratePerSecond.value, 1),
      unit: "/s",
      points: pointsOf(red.ratePerSecond.trend),
    },
    {
      label: "Failed",
      value: shown(errorRatio.value === null ? null : 100 * errorRatio.value, 2),
      unit: "%",
      points: pointsOf(errorRatio.trend),
    },
    {
      label: "Delivery p95",
      value: shown(red.durationMsP95.value, 0),
      unit: "ms",
      points: pointsOf(red.durationMsP95.trend),
    },
    {
      label: "Jobs waiting",
      value: shown(tiles.queues.waiting.value, 0),
      unit: "",
      points: pointsOf(tiles.queues.waiting.trend),
    },
  ];
}

export function wallDataOf(
  organization: string,
  overview: Overview,
  verdict: { parts: readonly { text: string; tone?: string | null }[]; sentence: string },
  nowMs: number,
): WallData {
  const { observedAt, problems, checks } = overview;
  return {
    organization,
    now: nowMs,
    observedAt,
    headline: verdict.parts.map(({ text, tone }) => ({ text, tone: tone ?? "" })),
    sentence: verdict.sentence,
    problems: problems.slice(0, mostProblems).map(problemOf),
    more: Math.max(0, problems.length - mostProblems),
    figures: figuresOf(overview),
    ok: checks.ok,
  };
}
