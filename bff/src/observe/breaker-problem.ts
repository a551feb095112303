import type { Problem } from "@wheelhouse/shared/overview.ts";
import type { ObservedBreaker } from "#observe/tick.ts";

/**
 * An open breaker as a problem. What Wheelhouse itself sends waits and is sent later, and a limit of concurrency
 * refuses only what is too much at once: both are less than calls of a service that are lost.
 */
export function breakerProblem(breaker: ObservedBreaker): Omit<Problem, "changedBefore">[] {
  if (breaker.state !== "open") return [];
  const { id, name, service, kind, library, instances, since, observedAt } = breaker;
  const open = instances.filter(({ state }) => state === "open").length;
  const where = instances.length > 1 ? ` on ${open} of ${instances.length} instances` : "";
  const isOwn = library === "Wheelhouse";
  const isDelivery = isOwn && service === "webhook-delivery";
  const isLimit = kind === "concurrency";
  return [
    {
      id: `breaker:${id}`,
      state: isOwn || isLimit ? "degraded" : "down",
      label: isLimit ? "At its limit" : "Breaker open",
      subject: name,
      title: isLimit
        ? `limit of concurrency reached${where}`
        : isDelivery
          ? "breaker open, deliveries wait"
          : `breaker open${where}`,
      cause: breaker.cause ?? "Calls are refused",
      affects: isDelivery ? "1 endpoint" : `calls of ${service}`,
      since: since ?? observedAt ?? new Date(0).toISOString(),
      area: "breakers",
      path: `breakers?breaker=${encodeURIComponent(id)}`,
    },
  ];
}
