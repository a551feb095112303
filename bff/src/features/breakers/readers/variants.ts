import type { Sample } from "./prometheus.ts";

type Labels = Sample["labels"];
type Variant = { text: string; labels: Labels };

const { compare } = new Intl.Collator("en", { numeric: true });

/** Labels beside those that a library or OpenTelemetry gives a meaning, in an order of their own. */
const othersOf = (labels: Labels, own: ReadonlySet<string>): [string, string][] =>
  [...labels]
    .filter(([name, value]) => !own.has(name) && !name.startsWith("otel_scope_") && value !== "")
    .sort(([a], [b]) => compare(a, b));

const write = (labels: readonly (readonly [string, string])[]) =>
  labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");

const agree = (a: Labels, b: Labels) =>
  [...a].every(([name, value]) => !b.has(name) || b.get(name) === value);

/**
 * Tells apart series of one breaker's name that differ in other labels: a collector, a federation or a gateway writes
 * several processes into one text. The samples that tell the state (`carriers`) decide which variants there are; what
 * else is measured belongs to the variant that it agrees with, and to none when it agrees with several.
 */
export function createVariants(
  carriers: readonly Sample[],
  own: ReadonlySet<string>,
  nameOf: (sample: Sample) => string,
) {
  const byName = new Map<string, Map<string, Labels>>();
  for (const sample of carriers) {
    const others = othersOf(sample.labels, own);
    const variants = byName.get(nameOf(sample)) ?? new Map<string, Labels>();
    byName.set(nameOf(sample), variants.set(write(others), new Map(others)));
  }
  const told = new Map<string, Map<string, Variant>>();
  for (const [name, variants] of byName) {
    const all = [...variants.values()];
    const keys = new Set(all.flatMap((labels) => [...labels.keys()]));
    const differing = [...keys].filter((key) => new Set(all.map((labels) => labels.get(key))).size > 1);
    told.set(
      name,
      new Map(
        [...variants].map(([key, labels]) => [
          key,
          { labels, text: write([...labels].filter(([label]) => differing.includes(label))) },
        ]),
      ),
    );
  }
  return {
    /** @returns the variant's differing labels, empty for a breaker that stands once; null when nobody can tell. */
    of(sample: Sample): string | null {
      const variants = told.get(nameOf(sample));
      // No sample tells a state: whatever there is belongs together.
      if (!variants) return "";
      const others = othersOf(sample.labels, own);
      const same = variants.get(write(others));
      if (same) return same.text;
      const labels = new Map(others);
      const agreeing = [...variants.values()].filter((each) => agree(each.labels, labels));
      return agreeing.length === 1 ? (agreeing[0]?.text ?? null) : null;
    },
  };
}
