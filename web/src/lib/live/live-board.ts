import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { isSame } from "@wheelhouse/shared/live/json.ts";
import { sortRows } from "@wheelhouse/shared/live/message.ts";
import type {
  AnyTopic,
  LiveList,
  LiveRow,
  LiveTopic,
  Observed,
  RowsReader,
} from "@wheelhouse/shared/live/topic.ts";
import { useLive } from "./live-context.tsx";

/** Fetches the complete board; `at` is a past moment, undefined for now. */
type Read<Data> = (
  at: string | undefined,
  options: { organization: string; signal: AbortSignal },
) => Promise<Data>;

/** How a page stores observed data: an API answer kept current by its topic's messages. */
export type Board<Data extends Observed, State extends Observed> = {
  topic: AnyTopic & LiveTopic<Data>;
  /** Prefix of the query keys. */
  key: string;
  read: Read<Data>;
  /** Converts complete data; `isAnswer` means that it came from the API rather than the socket. */
  take: (whole: Data, before: State | undefined, isAnswer: boolean) => State;
  /** Applies changed rows or parts. */
  move: (state: State, data: Data) => State;
  /** Adds the fields of an API answer that the socket's newer rows lack. */
  keep: (state: State, answer: Data) => State;
};

/** A board of rows in the API's shape. Fields missing from messages keep the values of the last answer. */
export const listBoard = <Row extends LiveRow, List extends LiveList<Row>>(declared: {
  topic: { kind: "rows" } & AnyTopic & RowsReader<Row, List>;
  key: string;
  read: Read<List>;
}): Board<List, List> => ({
  ...declared,
  take: (whole, before, isAnswer) => {
    const list = sortRows(declared.topic, whole);
    return isAnswer && before !== undefined ? { ...list, items: reuseRows(before.items, list.items) } : list;
  },
  move: (state, { observedAt, intervalMs, items }) => ({ ...state, observedAt, intervalMs, items }),
  keep: ({ observedAt, intervalMs, items }, answer) => ({ ...answer, observedAt, intervalMs, items }),
});

/** A board of one object. */
export const wholeBoard = <Whole extends Observed>(declared: {
  topic: { kind: "whole" } & AnyTopic & LiveTopic<Whole>;
  key: string;
  read: Read<Whole>;
}): Board<Whole, Whole> => ({
  ...declared,
  take: (whole) => whole,
  move: (_state, whole) => whole,
  keep: (state) => state,
});

/** Keeps the identity of unchanged rows, so that they do not render again. */
const reuseRows = <Row extends LiveRow>(before: readonly Row[], rows: readonly Row[]): Row[] => {
  const known = new Map(before.map((row) => [row.id, row]));
  return rows.map((row) => {
    const was = known.get(row.id);
    return was !== undefined && isSame(was, row) ? was : row;
  });
};

const freshForMs = 10_000;

/** The board of one organization. The socket keeps the live board current; a past board never changes. */
export const boardQuery = <Data extends Observed, State extends Observed>(
  board: Board<Data, State>,
  organization: string,
  moment: string | null = null,
) =>
  queryOptions({
    queryKey: [board.key, organization, "all", moment],
    queryFn: async ({ client, signal, queryKey }): Promise<State> => {
      const answer = await board.read(moment ?? undefined, { organization, signal });
      if (moment !== null) return board.take(answer, undefined, true);
      const live = client.getQueryData<State>(queryKey);
      // The socket may already have newer data than this answer.
      return live !== undefined && (live.observedAt ?? "") > (answer.observedAt ?? "")
        ? board.keep(live, answer)
        : board.take(answer, live, true);
    },
    staleTime: moment === null ? freshForMs : Number.POSITIVE_INFINITY,
  });

/** Keeps the live board current while the component is mounted and the tab visible. */
export const useBoard = <Data extends Observed, State extends Observed>(
  board: Board<Data, State>,
  organization: string,
): void => {
  const client = useQueryClient();
  const { queryKey } = boardQuery(board, organization);
  useLive(board.topic, (data: Data, kind) => {
    client.setQueryData<State>(queryKey, (state) =>
      state === undefined || kind === "snapshot" ? board.take(data, state, false) : board.move(state, data),
    );
  });
};
