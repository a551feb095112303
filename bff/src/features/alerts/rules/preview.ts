import type { previewRule, RuleDefinition, RulePreview } from "@wheelhouse/shared/alerts/rules.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import {
  advance,
  createWindow,
  judgeSeries,
  type Measured,
  matcherOf,
  type Phase,
  type Verdict,
} from "../evaluation/evaluation.ts";

const spanMs = { day: 86_400_000, week: 7 * 86_400_000 } as const;
const mostThings = 200;
/** Of the history, which keeps the same figures for the parts of a rule. */
type ReadSeries = (
  organizationId: string,
  request: { kind: string; id: string; metrics: readonly string[]; from: string; to: string },
) => Promise<{ from: string; stepMs: number; series: { metric: string; values: (number | null)[] }[] }>;

type PreviewNeeds = {
  readSeries: ReadSeries;
  /** The figures of an organization in the newest tick. */
  figuresNow(organization: OrganizationKey): readonly Measured[];
  nameOf(organization: OrganizationKey, node: string): string | null;
  clock: Clock;
};

/** Draws a rule over the past of one thing: the same decisions, taken at the steps that the history keeps. */
export function createPreview({ readSeries, figuresNow, nameOf, clock }: PreviewNeeds) {
  const named = (organization: OrganizationKey, { kind, entity }: Measured) => ({
    id: entity,
    name: nameOf(organization, `${kind}:${entity}`) ?? entity,
  });

  return {
    /** What rules can watch now. */
    series(organization: OrganizationKey) {
      const kinds = new Map<
        string,
        { metrics: Set<string>; things: { id: string; name: string }[]; count: number }
      >();
      for (const figures of figuresNow(organization)) {
        const kind = kinds.get(figures.kind) ?? { metrics: new Set(), things: [], count: 0 };
        kinds.set(figures.kind, kind);
        for (const metric of figures.metrics) kind.metrics.add(metric);
        kind.count += 1;
        if (kind.things.length < mostThings) kind.things.push(named(organization, figures));
      }
      return [...kinds].map(([kind, { metrics, things, count }]) => ({
        kind,
        metrics: [...metrics],
        things: things.sort((a, b) => a.name.localeCompare(b.name, "en")),
        count,
      }));
    },

    async draw(
      organization: OrganizationKey,
      { definition, thing, span }: EndpointParsed<typeof previewRule>["query"],
    ): Promise<RulePreview> {
      const toMs = clock.now();
      const range = { from: new Date(toMs - spanMs[span]).toISOString(), to: new Date(toMs).toISOString() };
      const none = (unavailable: string): RulePreview => ({
        thing: null,
        ...range,
        stepMs: 0,
        values: [],
        firings: [],
        pendingSince: null,
        firingMs: 0,
        unavailable,
      });
      const { condition } = definition;
      if (condition.kind === "problem")
        return none("States of the board are not kept as a series, so there is no preview.");
      const matches = matcherOf(definition);
      const found = figuresNow(organization)
        .filter(({ kind }) => kind === condition.of)
        .map((each) => named(organization, each))
        .filter(({ id, name }) => (thing === undefined ? matches(id, name) : id === thing))
        .sort((a, b) => a.name.localeCompare(b.name, "en"))[0];
      if (!found) return none("The rule matches nothing that is watched now.");
      const metrics = metricsOf(definition);
      const history = await readSeries(organization.id, {
        kind: condition.of,
        id: found.id,
        metrics,
        ...range,
      });
      return { thing: found, ...range, ...replay(definition, history), unavailable: null };
    },
  };
}
export type Preview = ReturnType<typeof createPreview>;

function metricsOf({ condition }: RuleDefinition): string[] {
  if (condition.kind === "problem") return [];
  if (condition.kind === "absence") return [condition.metric];
  const { metric, dividedBy, and } = condition;
  return [...new Set([metric, dividedBy, and?.metric])].filter((each) => each !== undefined);
}

/** Takes the decisions of a rule at each step. */
function replay(
  definition: RuleDefinition,
  { from, stepMs, series }: Awaited<ReturnType<ReadSeries>>,
): Pick<RulePreview, "stepMs" | "values" | "firings" | "pendingSince" | "firingMs"> {
  const { condition } = definition;
  const beganMs = Date.parse(from);
  const window =
    condition.kind === "series" && condition.windowMs > stepMs ? createWindow(condition.windowMs) : null;
  const columns = new Map(series.map(({ metric, values }) => [metric, values]));
  const count = series[0]?.values.length ?? 0;
  const values: (number | null)[] = [];
  const firings: RulePreview["firings"] = [];
  let phase: Phase | null = null;
  let isKnown = false;
  for (let at = 0; at < count; at += 1) {
    const atMs = beganMs + (at + 1) * stepMs;
    const read = (metric: string) => columns.get(metric)?.[at] ?? null;
    const { verdict, value } =
      condition.kind === "series"
        ? judgeSeries(condition, read, { window, atMs })
        : { verdict: absent(condition, read), value: null };
    values.push(value);
    // Before there was any data, there was nothing to miss.
    isKnown ||= condition.kind === "series" || verdict === "clear";
    if (!isKnown) continue;
    const before: Phase["state"] | undefined = phase?.state;
    phase = advance(phase, verdict, definition, atMs);
    const newest = firings.at(-1);
    if (phase?.state === "firing" && before !== "firing")
      firings.push({ from: new Date(atMs).toISOString(), to: null, peak: value });
    else if (newest && before === "firing" && phase?.state !== "firing")
      newest.to = new Date(atMs).toISOString();
    if (newest && phase?.state === "firing") newest.peak = worse(condition, newest.peak, value);
  }
  const endMs = beganMs + count * stepMs;
  return {
    stepMs,
    values,
    firings: firings.slice(-200),
    pendingSince: phase?.state === "pending" ? new Date(phase.sinceMs).toISOString() : null,
    firingMs: firings.reduce(
      (sum, firing) => sum + ((firing.to === null ? endMs : Date.parse(firing.to)) - Date.parse(firing.from)),
      0,
    ),
  };
}

const absent = (condition: RuleDefinition["condition"], read: (metric: string) => number | null): Verdict =>
  condition.kind === "absence" && read(condition.metric) === null ? "holds" : "clear";

function worse(condition: RuleDefinition["condition"], a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return condition.kind === "series" && condition.when === "under" ? Math.min(a, b) : Math.max(a, b);
}
