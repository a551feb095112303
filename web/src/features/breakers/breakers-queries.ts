import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  type BreakerCommand,
  type BreakerList,
  type BreakerRow,
  forceBreakerClosed,
  forceBreakerOpen,
  listBreakers,
  readBreaker,
  readBreakerOperation,
  resetBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { call } from "#lib/api.ts";
import { applyChanges, type Board } from "#lib/board.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";

export type BreakersState = Board<BreakerRow, object>;

const detailIntervalMs = 10_000;
const operationIntervalMs = 500;
const heldAfterMs = 2_000;

const fromList = ({ observedAt, intervalMs, items }: BreakerList, seq: number | null): BreakersState => ({
  seq,
  observedAt,
  intervalMs,
  items,
});

/** All breakers of one organization; the socket keeps those of now current. */
export const breakersQuery = (organization: string, moment: string | null = null) =>
  queryOptions({
    queryKey: ["breakers", organization, "all", moment],
    queryFn: async ({ client, signal, queryKey }): Promise<BreakersState> => {
      const list = await call(listBreakers, { query: { at: moment ?? undefined } }, { organization, signal });
      if (moment !== null) return fromList(list, null);
      const live = client.getQueryData<BreakersState>(queryKey);
      // The socket may have overtaken this answer.
      const isOlder = (live?.observedAt ?? "") > (list.observedAt ?? "");
      return live !== undefined && isOlder ? live : fromList(list, live?.seq ?? null);
    },
    staleTime: moment === null ? 10_000 : Number.POSITIVE_INFINITY,
  });

/** One breaker with its trends. */
export const breakerQuery = (organization: string, id: string, moment: string | null) =>
  queryOptions({
    queryKey: ["breakers", organization, id, moment],
    queryFn: ({ signal }) =>
      call(readBreaker, { params: { id }, query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? detailIntervalMs : Number.POSITIVE_INFINITY,
    refetchInterval: moment === null ? detailIntervalMs : false,
  });

/** Writes live messages into the cache while the tab is shown; a gap in their numbers asks for the whole. */
export const useBreakersLive = (organization: string): void => {
  const client = useQueryClient();
  const { queryKey } = breakersQuery(organization);
  const { resubscribe } = useLiveTopic("breakers");
  useLiveEvent("breakers:snapshot", ({ seq, data }) => {
    client.setQueryData(queryKey, fromList(data, seq));
  });
  useLiveEvent("breakers:changes", (changes) => {
    const state = client.getQueryData(queryKey);
    if (state === undefined) return;
    const next = applyChanges(state, changes);
    if (next === "gap") resubscribe();
    else client.setQueryData(queryKey, next);
  });
};

const endpoints = { open: forceBreakerOpen, close: forceBreakerClosed, reset: resetBreaker } as const;

/** Tells a breaker's instances what to do; the answer says which obeyed so far. */
export const useBreakerCommand = (organization: string, id: string, command: BreakerCommand) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { reason: string; instances?: string[] }) =>
      call(endpoints[command], { params: { id }, body }, { organization }),
    // Its instances report what they do now within a second or two; who holds it is asked again until then.
    onSettled: () =>
      setTimeout(
        () => void client.invalidateQueries({ queryKey: breakerQuery(organization, id, null).queryKey }),
        heldAfterMs,
      ),
  });
};

/** What became of a command, asked again until every instance has answered or its time is over. */
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
