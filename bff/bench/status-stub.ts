/**
 * Many services in one process, for `status.ts`: health in Actuator's format, and five breakers at each `/metrics/<n>`.
 */
import { createServer } from "node:http";

const up = { status: "UP" };
const health = JSON.stringify({
  ...up,
  components: { db: { ...up, details: { database: "PostgreSQL" } }, redis: up, diskSpace: up },
});
const states = ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"];
const metricsOf = (target: string) =>
  Array.from({ length: 5 }, (_, n) => {
    const name = `breaker-${target}-${n}`;
    const gauge = (state: string) => (state === "closed" ? 1 : 0);
    return [
      ...states.map(
        (each) => `resilience4j_circuitbreaker_state{name="${name}",state="${each}"} ${gauge(each)}`,
      ),
      `resilience4j_circuitbreaker_failure_rate{name="${name}"} -1.0`,
      `resilience4j_circuitbreaker_calls_seconds_count{name="${name}",kind="successful"} ${Math.floor(Date.now() / 100)}`,
      `resilience4j_circuitbreaker_calls_seconds_count{name="${name}",kind="failed"} 0`,
    ].join("\n");
  }).join("\n");

const server = createServer((request, reply) => {
  const [, kind, target = ""] = (request.url ?? "").split("/");
  // Accepts and never answers.
  if (kind === "hangs") return;
  reply.setHeader("content-type", kind === "metrics" ? "text/plain; version=0.0.4" : "application/json");
  reply.end(kind === "metrics" ? `${metricsOf(target)}\n` : health);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once("SIGTERM", () => process.exit(0));
