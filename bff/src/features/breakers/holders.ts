import type { BreakerState, Forced } from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { ObservedBreaker } from "./rows.ts";

const everyMs = 1_000;
const mostHeld = 500;
const heldStates: readonly BreakerState[] = ["forced_open", "disabled"];
const keyOf = (organization: string, breaker: string) => `${organization}/${breaker}`;

export type NewestCommands = Promise<readonly { organizationId: string; operation: Operation }[]>;

type Place = Pick<ObservedBreaker, "organization" | "id" | "instances">;

export const isHeld = ({ instances }: Pick<Place, "instances">): boolean =>
  instances.some(({ state }) => heldStates.includes(state));

/** Who holds breakers open or closed; `of` is undefined while that was not read. */
export type BreakerHolders = {
  /** Begins to read those of the rows that are held, all in one question, and waits for nothing. */
  poke(rows: readonly Place[], organizations: readonly OrganizationKey[]): void;
  of(row: Place): Forced | null | undefined;
  rest(): void;
};

/**
 * @param newestCommands the newest command to each of these breakers that some instance obeyed, or may yet.
 */
export function createBreakerHolders({
  newestCommands,
  clock,
}: {
  newestCommands(targets: readonly { organizationId: string; targetId: string }[]): NewestCommands;
  clock: Clock;
}): BreakerHolders {
  let known = new Map<string, Forced | null>();
  let isReading = false;
  let readAtMs = Number.NEGATIVE_INFINITY;

  const read = async (rows: readonly Place[], organizations: readonly OrganizationKey[]) => {
    const ids = new Map(organizations.map(({ id, slug }) => [slug, id]));
    const asked = rows.flatMap(({ organization, id }) => {
      const organizationId = ids.get(organization);
      return organizationId === undefined
        ? []
        : [{ key: keyOf(organization, id), organizationId, targetId: id }];
    });
    const found = await newestCommands(
      asked.map(({ organizationId, targetId }) => ({ organizationId, targetId })),
    );
    const holders = new Map(
      found.map(({ organizationId, operation }) => [
        keyOf(organizationId, operation.target),
        forcedBy(operation),
      ]),
    );
    known = new Map(
      asked.map(({ key, organizationId, targetId }) => {
        const holder = holders.get(keyOf(organizationId, targetId)) ?? null;
        const before = known.get(key);
        return [key, before && holder && isSame(before, holder) ? before : holder];
      }),
    );
  };

  return {
    poke(rows, organizations) {
      const held = rows.filter(isHeld).slice(0, mostHeld);
      if (held.length === 0) known = new Map();
      if (held.length === 0 || isReading || clock.now() - readAtMs < everyMs) return;
      isReading = true;
      readAtMs = clock.now();
      read(held, organizations)
        // Without Postgres what was known is still worth showing.
        .catch(() => undefined)
        .finally(() => {
          isReading = false;
        });
    },
    of: ({ organization, id }) => known.get(keyOf(organization, id)),
    rest() {
      known = new Map();
      readAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

function forcedBy({ kind, by, requestedAt, reason }: Operation): Forced | null {
  const command = kind === "breaker.open" ? "open" : kind === "breaker.close" ? "close" : null;
  return command === null ? null : { by, at: requestedAt, reason, command };
}

const isSame = (a: Forced, b: Forced) => a.at === b.at && a.by === b.by && a.command === b.command;
