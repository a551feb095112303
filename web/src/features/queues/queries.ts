import { queryOptions } from "@tanstack/react-query";
import { readJobTimings } from "@wheelhouse/shared/queues/find.ts";
import { listQueues, type QueueList, queueTopic, readQueue } from "@wheelhouse/shared/queues.ts";
import { call } from "#lib/api/api.ts";
import { type Board, boardQuery } from "#lib/live/live-board.ts";
import { beside, fromList, moveRows, type QueuesState } from "./views.ts";

const detailIntervalMs = 10_000;

export const queuesBoard: Board<QueueList, QueuesState> = {
  topic: queueTopic,
  key: "queues",
  read: (at, options) => call(listQueues, { query: { at } }, options),
  take: fromList,
  move: moveRows,
  keep: (state, answer) => Object.assign({}, state, beside(answer)),
};

/** All queues of one organization; the socket keeps live rows current, periodic answers the workers. */
export const queuesQuery = (organization: string, moment: string | null = null) =>
  boardQuery(queuesBoard, organization, moment);

/** One queue with its trends. */
export const queueQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["queues", organization, id],
    queryFn: ({ signal }) => call(readQueue, { params: { id } }, { organization, signal }),
    staleTime: detailIntervalMs,
    refetchInterval: detailIntervalMs,
  });

/** Wait and run times of a queue's jobs by name. */
export const jobTimingsQuery = (organization: string, queue: string) =>
  queryOptions({
    queryKey: ["queues", organization, queue, "timings"],
    queryFn: ({ signal }) => call(readJobTimings, { query: { queue } }, { organization, signal }),
    staleTime: detailIntervalMs,
    refetchInterval: detailIntervalMs,
  });
