import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { listAnnotations, listJournal, readSeries } from "@wheelhouse/shared/history.ts";
import type { HistoryKind, JournalKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { call } from "#lib/api/api.ts";

const staleMs = 20_000;
/** The range moves on, so cached answers soon become useless. */
const gcMs = 60_000;
const journalIntervalMs = 15_000;
type HistoryRange = { from: string; to: string };

/** Changes within a range: all of them, or those of one thing and of what it depends on. */
export const annotationsQuery = (
  organization: string,
  { from, to }: HistoryRange,
  of?: { kind: HistoryKind; id: string },
) =>
  queryOptions({
    queryKey: ["annotations", organization, of?.kind, of?.id, from, to],
    queryFn: ({ signal }) =>
      call(listAnnotations, { query: { from, to, kind: of?.kind, id: of?.id } }, { organization, signal }),
    // Changes of another thing are never shown in its place.
    placeholderData: (before, query) =>
      query?.queryKey[2] === of?.kind && query?.queryKey[3] === of?.id ? before : undefined,
    staleTime: staleMs,
    gcTime: gcMs,
  });

/** Metrics of one subject within a range. */
export const seriesQuery = (
  organization: string,
  of: { kind: HistoryKind; id: string; metrics: readonly string[] },
  { from, to }: HistoryRange,
) => {
  const metrics = of.metrics.join(",");
  return queryOptions({
    queryKey: ["series", organization, of.kind, of.id, metrics, from, to],
    queryFn: ({ signal }) =>
      call(readSeries, { query: { kind: of.kind, id: of.id, metrics, from, to } }, { organization, signal }),
    // Previous data is kept only for the same subject, so that metrics of another are never shown in its
    // place.
    placeholderData: (before, query) =>
      query?.queryKey[2] === of.kind && query.queryKey[3] === of.id ? before : undefined,
    staleTime: staleMs,
    gcTime: gcMs,
  });
};

/** State changes of one subject, newest first; `moment`: only those up to it. */
export const journalQuery = (
  organization: string,
  of: { kind: JournalKind; id: string },
  moment: string | null,
) =>
  infiniteQueryOptions({
    queryKey: ["journal", organization, of.kind, of.id, moment],
    queryFn: ({ pageParam, signal }) => {
      // The journal's end is exclusive, but changes at the moment itself belong to it.
      const to = moment === null ? undefined : new Date(Date.parse(moment) + 1).toISOString();
      const query = { kind: of.kind, subject: of.id, to, limit: 20, cursor: pageParam };
      return call(listJournal, { query }, { organization, signal });
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    staleTime: staleMs,
    refetchInterval: moment === null ? journalIntervalMs : false,
  });
