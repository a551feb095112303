const keptMs = 3_600_000;
// With many instances, the latest samples of the hour have to suffice.
const mostSamples = 3_600;

/** Latencies of one service over its instances in the last hour. */
export function createLatencies() {
  let samples: { atMs: number; latencyMs: number }[] = [];
  let p95: number | null = null;
  return {
    add(atMs: number, latencyMs: number) {
      samples = samples.filter((sample) => atMs - sample.atMs < keptMs).slice(1 - mostSamples);
      samples.push({ atMs, latencyMs });
      const sorted = samples.map((sample) => sample.latencyMs).sort((a, b) => a - b);
      p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
    },
    p95: () => p95,
  };
}
export type Latencies = ReturnType<typeof createLatencies>;
