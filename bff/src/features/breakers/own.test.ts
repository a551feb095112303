import { expect, test } from "vitest";
import { makeSeen, makeWebhooks, webhookRows } from "#testing/tick.ts";
import { createBreakersBoard } from "./board.ts";
import { createBreakerHolders } from "./holders.ts";
import { createOwnBreakers, type OwnEndpointsKey } from "./own.ts";

const endpoints: OwnEndpointsKey = webhookRows;
const startMs = Date.parse("2026-01-05T12:00:00.000Z");
const iso = (ms: number) => new Date(startMs + ms).toISOString();

const seen = (part: { observedAt?: string; failing?: boolean } = {}, breakers = [endpoint("e1", "CRM")]) =>
  makeSeen(startMs, {
    organizations: [{ id: "acme-id", slug: "acme" }],
    webhooks: [makeWebhooks({ breakers })],
    webhooksExtra: { observedAt: iso(0), failing: false, ...part },
  });
const endpoint = (endpointId: string, name: string) => ({
  endpointId,
  name,
  state: "open" as const,
  since: iso(-9_000),
  nextProbeAt: iso(4_000),
  failureRatio: 1,
  attemptsPerMinute: 6,
  failedPerMinute: 6,
  latencyMsP50: 40,
  latencyMsP95: 90,
  failuresToOpen: 3,
  coolDownMs: 30_000,
  disablesAt: null,
});

test("endpoints of webhooks belong to their organization, with an id that survives a rename", () => {
  const board = createBreakersBoard(
    [createOwnBreakers({ endpoints })],
    createBreakerHolders({ newestCommands: async () => [], clock: { now: () => startMs } }),
  );
  const { rows } = board.observe(seen());
  expect(rows).toMatchObject([
    {
      id: "webhook-delivery~e1",
      name: "CRM",
      organization: "acme",
      library: "Wheelhouse",
      state: "open",
      since: iso(-9_000),
      callsPerMinute: 6,
      failedPerMinute: 6,
      latencyMsP95: 90,
      coolDownMs: 30_000,
      commands: ["reset"],
    },
  ]);
  const renamed = board.observe(seen({ observedAt: iso(2_000) }, [endpoint("e1", "CRM 2")]));
  expect(renamed.rows).toMatchObject([{ id: "webhook-delivery~e1", name: "CRM 2" }]);
  expect(board.observe(seen({ observedAt: iso(4_000) }, [])).rows).toEqual([]);
});

test("breakers of webhooks are unknown, not removed, when their figures can no longer be read", () => {
  const board = createBreakersBoard(
    [createOwnBreakers({ endpoints })],
    createBreakerHolders({ newestCommands: async () => [], clock: { now: () => startMs } }),
  );
  board.observe(seen());
  const { rows } = board.observe({ ...seen({ failing: true }), nowMs: startMs + 30_000 });
  expect(rows).toMatchObject([{ state: "unknown" }]);
});
