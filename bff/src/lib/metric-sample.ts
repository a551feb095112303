/** One value of a metric, named as Prometheus writes it. */
export type Sample = { name: string; labels: ReadonlyMap<string, string>; value: number };

const keyOf = ({ name, labels }: Sample) =>
  `${name}\n${[...labels]
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .sort()
    .join(",")}`;

/**
 * One sample for each series. A text that holds a series twice merges two processes that no label tells apart;
 * their sum would count the same calls twice, so the highest value counts.
 */
export function withoutDuplicates(samples: readonly Sample[]): Sample[] {
  const found = new Map<string, Sample>();
  for (const sample of samples) {
    const key = keyOf(sample);
    const known = found.get(key);
    if (!known || Number.isNaN(known.value) || sample.value > known.value) found.set(key, sample);
  }
  return [...found.values()];
}
