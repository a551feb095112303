import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  editSchedule,
  listScheduleRuns,
  listSchedules,
  pauseSchedule,
  readSchedule,
  removeSchedule,
  resumeSchedule,
  runSchedule,
  scheduleTopic,
} from "@wheelhouse/shared/queues/schedules.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, listBoard } from "#lib/live/live-board.ts";

const detailIntervalMs = 5_000;

export const schedulesBoard = listBoard({
  topic: scheduleTopic,
  key: "schedules",
  read: (at, options) => call(listSchedules, { query: { at } }, options),
});

/** All schedules of one organization. */
export const schedulesQuery = (organization: string, moment: string | null = null) =>
  boardQuery(schedulesBoard, organization, moment);

/** One schedule with its next and last runs. */
export const scheduleQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["schedules", organization, "one", id],
    queryFn: ({ signal }) => call(readSchedule, { params: { id } }, { organization, signal }),
    staleTime: detailIntervalMs,
    refetchInterval: detailIntervalMs,
  });

/** Runs of the last 30 days, newest first, a page at a time. */
export const runsQuery = (organization: string, id: string) =>
  infiniteQueryOptions({
    queryKey: ["schedules", organization, "runs", id],
    queryFn: ({ pageParam, signal }) =>
      call(
        listScheduleRuns,
        { params: { id }, query: { cursor: pageParam, limit: 100 } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

export type ScheduleCommand = "run" | "pause" | "resume" | "remove";
const endpoints = {
  run: runSchedule,
  pause: pauseSchedule,
  resume: resumeSchedule,
  remove: removeSchedule,
} as const;

/** Carries out an act on a schedule. */
export const useScheduleAct = (organization: string, id: string, command: ScheduleCommand) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      call(endpoints[command], { params: { id }, body: { reason } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: ["schedules", organization] }),
  });
};

export type ScheduleChange = EndpointInput<typeof editSchedule>["body"];

/** Changes when a schedule runs. */
export const useEditSchedule = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ScheduleChange) => call(editSchedule, { params: { id }, body }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: ["schedules", organization] }),
  });
};
