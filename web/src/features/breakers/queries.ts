import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import {
  breakerTopic,
  forceBreakerClosed,
  forceBreakerOpen,
  listBreakers,
  readBreaker,
  readBreakerOperation,
  resetBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, listBoard } from "#lib/live/live-board.ts";

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

const endpoints = { open: forceBreakerOpen, close: forceBreakerClosed, reset: resetBreaker } as const;

/** Sends a command to a breaker's instances; the answer lists the results so far. */
export const useBreakerCommand = (organization: string, id: string, command: BreakerCommand) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { reason: string; instances?: string[] }) =>
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
