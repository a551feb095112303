import type { Sample } from "#lib/metric-sample.ts";

type Labels = Sample["labels"];
type Variant = { text: string; labels: Labels };

const { compare } = new Intl.Collator("en", { numeric: true });

/** Labels other than those defined by a library or OpenTelemetry, in a stable order. */
const othersOf = (labels: Labels, own: ReadonlySet<string>): [string, string][] =>
  [...labels]
    .filter(([name, value]) => !own.has(name) && !name.startsWith("otel_scope_") && value !== "")
    .sort(([a], [b]) => compare(a, b));

const write = (labels: readonly (readonly [string, string])[]) =>
  labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");

const agree = (a: Labels, b: Labels) =>
  [...a].every(([name, value]) => !b.has(name) || b.get(name) === value);

/**
 * Distinguishes series of the same breaker name by their other labels, because a collector, federation or
 * gateway merges several processes into one text. The samples that carry the state (`carriers`) define the
 * variants; other samples belong to the one variant they match, and to none when they match several.
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
    /**
     * @returns the differing labels of the variant, empty when the name has only one; null when the variant
     * is ambiguous.
     */
    of(sample: Sample): string | null {
      const variants = told.get(nameOf(sample));
      // Without a sample that carries a state there is only one variant.
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
