import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { type BreakerList, type BreakerRow, listBreakers, readBreaker } from "@wheelhouse/shared/breakers.ts";
import { call } from "#lib/api.ts";
import { applyChanges, type Board } from "#lib/board.ts";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";

export type BreakersState = Board<BreakerRow, object>;

const detailIntervalMs = 10_000;

const fromList = ({ observedAt, intervalMs, items }: BreakerList, seq: number | null): BreakersState => ({
  ...{ seq, observedAt, intervalMs, items },
});

/** All breakers of one organization; the socket keeps them current. */
export const breakersQuery = (organization: string) =>
  queryOptions({
    queryKey: ["breakers", organization],
    queryFn: async ({ client, signal }): Promise<BreakersState> => {
      const list = await call(listBreakers, {}, { organization, signal });
      const live = client.getQueryData<BreakersState>(["breakers", organization]);
      // The socket may have overtaken this answer.
      const isOlder = (live?.observedAt ?? "") > (list.observedAt ?? "");
      return live !== undefined && isOlder ? live : fromList(list, live?.seq ?? null);
    },
    staleTime: 10_000,
  });

/** One breaker with its trends. */
export const breakerQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["breakers", organization, id],
    queryFn: ({ signal }) => call(readBreaker, { params: { id } }, { organization, signal }),
    staleTime: detailIntervalMs,
    refetchInterval: detailIntervalMs,
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
