import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import {
  breakerTopic,
  forceBreakerClosed,
  forceBreakerOpen,
  listBreakerMoves,
  listBreakers,
  readBreaker,
  readBreakerOperation,
  resetBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, listBoard } from "#lib/live/live-board.ts";
import { serverClock } from "#lib/live/server-clock.ts";

const detailIntervalMs = 10_000;
const operationIntervalMs = 500;
const heldAfterMs = 2_000;

export const breakersBoard = listBoard({
  topic: breakerTopic,
  key: "breakers",
  read: (at, options) => call(listBreakers, { query: { at } }, options),
});

/** All breakers of one organization. */
export const breakersQuery = (organization: string, moment: string | null = null) =>
  boardQuery(breakersBoard, organization, moment);

/** One breaker with its trends. */
export const breakerQuery = (organization: string, id: string, moment: string | null) =>
  queryOptions({
    queryKey: ["breakers", organization, id, moment],
    queryFn: ({ signal }) =>
      call(readBreaker, { params: { id }, query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? detailIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? detailIntervalMs : false,
  });

const movesStaleMs = 5_000;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const mostInHour = 1_000;

/** The end of a stored range: after the moment, or after all that is stored. */
const rangeTo = (moment: string | null, spanMs: number) => {
  const toMs = (moment === null ? serverClock.now() : Date.parse(moment)) + 1;
  return { from: new Date(toMs - spanMs).toISOString(), to: new Date(toMs).toISOString() };
};

/** Stored changes of state of the last 24 hours, a page at a time; of all breakers, or of one. */
export const movesQuery = (
  organization: string,
  of: { breaker?: string | undefined; moment: string | null },
) =>
  infiniteQueryOptions({
    queryKey: ["breakers", organization, "moves", of.breaker, of.moment],
    queryFn: ({ pageParam, signal }) => {
      const range = pageParam?.range ?? rangeTo(of.moment, dayMs);
      const { from, to } = range;
      const query = { breaker: of.breaker, from, to, cursor: pageParam?.cursor, limit: 200 };
      return call(listBreakerMoves, { query }, { organization, signal }).then((page) => ({ page, range }));
    },
    initialPageParam: undefined as { cursor: string; range: { from: string; to: string } } | undefined,
    getNextPageParam: ({ page: { nextCursor }, range }) =>
      nextCursor === null ? undefined : { cursor: nextCursor, range },
    staleTime: movesStaleMs,
    refetchInterval: of.moment === null ? movesStaleMs : false,
  });

/** Stored changes of state of the last hour: of the breakers as wholes, or of one breaker's instances. */
export const hourMovesQuery = (
  organization: string,
  of: { breaker?: string | undefined; moment: string | null },
) =>
  queryOptions({
    queryKey: ["breakers", organization, "hour", of.breaker, of.moment],
    queryFn: ({ signal }) => {
      const { from, to } = rangeTo(of.moment, hourMs);
      const whose = of.breaker === undefined ? ("breakers" as const) : ("instances" as const);
      const query = { breaker: of.breaker, of: whose, from, to, limit: mostInHour };
      return call(listBreakerMoves, { query }, { organization, signal });
    },
    staleTime: movesStaleMs,
    refetchInterval: of.moment === null ? movesStaleMs : false,
  });

const endpoints = { open: forceBreakerOpen, close: forceBreakerClosed, reset: resetBreaker } as const;

/** Sends a command to a breaker's instances; the answer lists the results so far. */
export const useBreakerCommand = (organization: string, id: string, command: BreakerCommand) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { reason: string; instances?: string[]; holdMs?: number }) =>
      call(endpoints[command], { params: { id }, body }, { organization }),
    // Instances report their new state within a second or two; until then the override is refetched.
    onSettled: () =>
      setTimeout(
        () => void client.invalidateQueries({ queryKey: breakerQuery(organization, id, null).queryKey }),
        heldAfterMs,
      ),
  });
};

/** Result of a command, polled until every instance has answered or the command has timed out. */
export const useOperation = (organization: string, started: Operation | undefined): Operation | undefined => {
  const id = started?.operationId ?? "";
  const { data } = useQuery({
    queryKey: ["breakers", organization, "operation", id],
    queryFn: ({ signal }) => call(readBreakerOperation, { params: { id } }, { organization, signal }),
    enabled: started?.state === "accepted",
    refetchInterval: ({ state }) =>
      state.data && state.data.state !== "accepted" ? false : operationIntervalMs,
  });
  return data ?? started;
};
