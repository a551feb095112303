import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { Forced } from "@wheelhouse/shared/breakers.ts";
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

/** Who holds breakers open or closed; `of` is undefined until that was read. */
export type BreakerHolders = {
  /** Starts reading the holders of these rows in one query, without waiting. */
  poke(rows: readonly Place[], organizations: readonly OrganizationKey[]): void;
  of(row: Place): Forced | null | undefined;
  rest(): void;
};

/**
 * @param newestCommands the latest command to each of these breakers that was applied by an instance, or
 * still may be.
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
        // Without Postgres the last known holders are still worth showing.
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

function forcedBy({ kind, by, requestedAt, reason, holdUntil }: Operation): Forced | null {
  const command = kind === "breaker.open" ? "open" : kind === "breaker.close" ? "close" : null;
  return command === null ? null : { by, at: requestedAt, reason, command, until: holdUntil };
}

const isSame = (a: Forced, b: Forced) => a.at === b.at && a.by === b.by && a.command === b.command;
