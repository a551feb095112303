import type { Overview } from "../overview.ts";

export type VerdictTone = "ok" | "down" | "degraded" | "unknown" | "stale";
export type Verdict = {
  /** Words of the headline, worst first; only the first is coloured, and only when it is down or degraded. */
  parts: { text: string; tone: VerdictTone }[];
  sentence: string;
  tone: VerdictTone;
  /** `2 down`, `OK`, `Stale`: for the title of the tab. */
  short: string;
};

/** How numbers and times are formatted. */
export type VerdictWords = {
  count: (value: number) => string;
  /** `12 s`, `27 m`, `5 h 31 m`. */
  span: (spanMs: number) => string;
  /** Hour and minute with the name of the time zone. */
  clock: (iso: string) => string;
};

const order = ["down", "degraded", "stale", "unknown"] as const;
const dayMs = 24 * 60 * 60_000;

type Fresh = { state: "fresh" | "stale" | "unknown"; ageMs: number | null };

/** The verdict on outdated observations: what the state was. */
function verdictBefore(
  { checks, observedAt }: Overview,
  fresh: Fresh,
  parts: Verdict["parts"],
  { span, clock }: Pick<VerdictWords, "span" | "clock">,
): Verdict {
  const worst = parts[0];
  const age = fresh.ageMs === null ? "" : `, ${span(fresh.ageMs)} ago`;
  const passed = checks.ok === checks.total ? "all checks passed" : "some checks had no result";
  const was =
    worst === undefined ? (checks.total > 0 ? passed : null) : parts.map(({ text }) => text).join(", ");
  const text = observedAt === null || was === null ? "No data yet" : `Was ${was}${age}`;
  const tone = fresh.state === "stale" ? "stale" : "unknown";
  return {
    parts: [{ text, tone }],
    sentence:
      observedAt === null
        ? "The collector has not reported yet."
        : `Last update at ${clock(observedAt)}. The data on this page may be outdated.`,
    tone,
    short: tone === "stale" ? "Stale" : "Unknown",
  };
}

/** How the problems and the checks that do not pass (`others`) add up. */
function accountFor(problems: Overview["problems"], others: number, count: VerdictWords["count"]): string[] {
  const apart = problems.filter(({ isCheck }) => isCheck === false).length;
  const counted = problems.length - apart;
  const these = counted === 1 ? "This problem explains" : `These ${counted} problems explain`;
  const [fails, them] = [others === 1 ? "fails" : "fail", apart === 1 ? "it" : "them"];
  return [
    ...(counted > 0 && counted < others ? [`${these} the other ${count(others)}.`] : []),
    ...(apart > 0
      ? [`${count(apart)} ${apart === 1 ? "problem is" : "problems are"} not among the checks.`]
      : []),
    ...(counted === 0 && apart > 0 && others > 0
      ? [`The other ${count(others)} ${fails} because of ${them}.`]
      : []),
  ];
}

/**
 * The verdict shared by headline, tab title, favicon and first paint. Outdated data is never ok, nor is an
 * unchecked check. `fresh`: the age of the data.
 */
export function judgeVerdict(
  overview: Overview,
  fresh: Fresh,
  nowMs: number,
  { count, span, clock }: VerdictWords,
): Verdict {
  const { checks, problems } = overview;
  const checksWord = `${count(checks.total)} ${checks.total === 1 ? "check" : "checks"}`;
  const parts = order.flatMap((state) => {
    const times = problems.filter((problem) => problem.state === state).length;
    return times === 0 ? [] : [{ text: `${count(times)} ${state}`, tone: state }];
  });
  const worst = parts[0];
  if (fresh.state !== "fresh") return verdictBefore(overview, fresh, parts, { span, clock });
  const rest = [
    ...(checks.maintenance > 0 ? [`${count(checks.maintenance)} in maintenance.`] : []),
    ...(checks.pending > 0 ? [`${count(checks.pending)} not checked yet.`] : []),
  ];
  const passing = `${count(checks.ok)} of ${checksWord} pass`;
  const others = checks.total - checks.ok - checks.maintenance - checks.pending;
  if (worst !== undefined) {
    const worstOnes = problems.filter((problem) => problem.state === worst.tone);
    const since = worstOnes.map((problem) => problem.since).sort()[0] ?? "";
    const lastsMs = nowMs - Date.parse(since);
    const [begins, lasts] =
      problems.length === 1
        ? ["Since", "It has"]
        : [`Oldest ${worst.tone} since`, `The oldest ${worst.tone} has`];
    const oldest = lastsMs >= dayMs ? `${lasts} lasted ${span(lastsMs)}.` : `${begins} ${clock(since)}.`;
    return {
      parts,
      sentence: [`${passing}.`, ...accountFor(problems, others, count), ...rest, oldest].join(" "),
      tone: worst.tone,
      short: worst.text,
    };
  }
  if (checks.total === 0) {
    const text = "Nothing is watched yet";
    return { parts: [{ text, tone: "unknown" }], sentence: "", tone: "unknown", short: "No checks" };
  }
  if (checks.ok < checks.total) {
    const isPlanned = checks.ok + checks.maintenance === checks.total;
    const tone = isPlanned ? "ok" : "unknown";
    const affected = others > 0 ? [`${count(others)} not OK, explained by known problems.`] : [];
    return {
      parts: [{ text: passing, tone }],
      sentence: [...rest, ...affected].join(" "),
      tone,
      short: isPlanned ? "OK" : "Unknown",
    };
  }
  const age = span(fresh.ageMs ?? 0);
  const text = `All ${checksWord} pass, verified ${age} ago`;
  return { parts: [{ text, tone: "ok" }], sentence: "", tone: "ok", short: "OK" };
}
