import { breakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { listBreakerMoves, StoredMove } from "@wheelhouse/shared/breakers.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";

/** Reads stored changes of state of one kind of thing. */
export type ReadMoves = (
  organizationId: string,
  query: {
    kind: "breaker";
    entity?: string | undefined;
    ofParts: boolean;
    from: string;
    to: string;
    cursor?: string | undefined;
    limit: number;
  },
) => Promise<{
  items: readonly {
    id: string;
    at: Date;
    entity: string;
    name: string;
    part: string;
    from: string | null;
    state: string;
    failureRatio: number | null;
  }[];
  nextCursor: string | null;
  total: number;
}>;

type Query = { breaker?: string | undefined; of: "instances" | "breakers" } & Omit<
  Parameters<ReadMoves>[1],
  "kind" | "entity" | "ofParts"
>;

/** Stored changes of state of breakers in the words of the contract. */
export async function storedMoves(
  readMoves: ReadMoves,
  organizationId: string,
  { breaker, of, from, to, cursor, limit }: Query,
): Promise<EndpointResult<typeof listBreakerMoves>> {
  const ofParts = of === "instances";
  const query = { kind: "breaker", entity: breaker, ofParts, from, to, cursor, limit } as const;
  const { items, nextCursor, total } = await readMoves(organizationId, query);
  return {
    items: items.map(
      ({ id, at, entity, name, part, from: was, state, failureRatio }): StoredMove => ({
        id,
        at: at.toISOString(),
        breaker: entity,
        name,
        instance: part === "" ? null : part,
        from: breakerState.nullable().parse(was),
        to: breakerState.parse(state),
        failureRatio,
      }),
    ),
    nextCursor,
    total,
  };
}
