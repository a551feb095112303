import type { Core } from "#lib/feature.ts";
import type { OperationRow, OperationsStore } from "./store.ts";

/** Unreachable instances still receive the end of an override this long after it. */
const resetLifeMs = 15 * 60_000;

class ReleasedAlready extends Error {}

/**
 * Carries out the ends of overrides: a due one is marked and its reset accepted and audited in one transaction, so that
 * exactly one process does it, and a reset that cannot be sent yet is sent by the sweep like any other command.
 */
export const createHolds =
  ({ changes, log }: Pick<Core, "changes" | "log">, store: OperationsStore) =>
  async () => {
    for (const row of await store.due()) {
      try {
        // Instances that got a newer command are no longer held by this one.
        const newer = new Set((await store.newerThan(row)).flatMap(({ instances }) => instances));
        const held = row.instances.filter((instance) => !newer.has(instance));
        if (held.length === 0) await store.release(row.id);
        else await reset(row, held);
      } catch (err) {
        if (!(err instanceof ReleasedAlready))
          log.warn({ err, operation: row.id }, "the end of an override could not be carried out; retrying");
      }
    }

    function reset(row: OperationRow, held: string[]) {
      const { id, org_id, act, target_id, target_name, source_id, service, actor_display } = row;
      if (act.kind !== "breaker") throw new Error("only breakers are held");
      const reason = `End of the override by ${actor_display}: ${row.reason}`.slice(0, 500);
      return changes.runAsSystem(org_id, "Wheelhouse", "breakers.breaker.reset", async (tx) => {
        if (!(await store.release(id, tx))) throw new ReleasedAlready();
        const { id: made } = await store.insert(tx, {
          organizationId: org_id,
          actorDisplay: "Wheelhouse",
          lifeMs: resetLifeMs,
          kind: "breaker.reset",
          target_id,
          target_name,
          source_id,
          service,
          act: { kind: "breaker", breaker: act.breaker, command: "reset" },
          instances: held,
          reason,
        });
        return {
          result: null,
          audit: {
            targets: [{ type: "breaker", id: target_id, name: target_name }],
            after: { command: "reset", operation: made, effect: "accepted", instances: held },
            reason,
          },
        };
      });
    }
  };
