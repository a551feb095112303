import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  type FoundJobs,
  findJobs,
  listJobCauses,
  listJobWords,
  readJobIndex,
} from "@wheelhouse/shared/queues/find.ts";
import { call } from "#lib/api/api.ts";
import type { FindQuery } from "./view.ts";

const pageSize = 50;
const indexEveryMs = 5_000;
const wordsStaleMs = 30_000;
const causesEveryMs = 10_000;

/** Jobs that match, newest first, page by page. */
export const foundJobsQuery = (organization: string, query: FindQuery) =>
  infiniteQueryOptions({
    queryKey: ["jobs", organization, "found", query],
    queryFn: ({ pageParam, signal }): Promise<FoundJobs> =>
      call(
        findJobs,
        {
          query: Object.assign({ limit: pageSize }, query, pageParam === null ? {} : { cursor: pageParam }),
        },
        { organization, signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  });

/** How many jobs match, for another filter than the shown one. */
export const foundCountQuery = (organization: string, query: FindQuery) =>
  queryOptions({
    queryKey: ["jobs", organization, "count", query],
    queryFn: async ({ signal }) => {
      const { summary } = await call(
        findJobs,
        { query: Object.assign({ limit: 1 }, query) },
        { organization, signal },
      );
      return summary;
    },
  });

/** What the index holds and how far it is behind. */
export const jobIndexQuery = (organization: string) =>
  queryOptions({
    queryKey: ["jobs", organization, "index"],
    queryFn: ({ signal }) => call(readJobIndex, { query: {} }, { organization, signal }),
    refetchInterval: indexEveryMs,
  });

/** What completes a filter. */
export const jobWordsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["jobs", organization, "words"],
    queryFn: ({ signal }) => call(listJobWords, { query: {} }, { organization, signal }),
    staleTime: wordsStaleMs,
  });

/** Failed jobs by cause; of some queues, or of all. */
export const jobCausesQuery = (organization: string, queue: string | undefined) =>
  queryOptions({
    queryKey: ["jobs", organization, "causes", queue],
    queryFn: ({ signal }) =>
      call(listJobCauses, { query: queue === undefined ? {} : { queue } }, { organization, signal }),
    refetchInterval: causesEveryMs,
    placeholderData: keepPreviousData,
  });
