import { queryOptions } from "@tanstack/react-query";
import { listAnnotations, readSeries } from "@wheelhouse/shared/history.ts";
import { call } from "#lib/api.ts";

const staleMs = 20_000;
type Range = { from: string; to: string };

/** What happened within a range. */
export const annotationsQuery = (organization: string, range: Range) =>
  queryOptions({
    queryKey: ["annotations", organization, range.from, range.to],
    queryFn: ({ signal }) => call(listAnnotations, { query: range }, { organization, signal }),
    staleTime: staleMs,
  });

/** How many checks were down or degraded within a range. */
export const checksQuery = (organization: string, range: Range) =>
  queryOptions({
    queryKey: ["checks-history", organization, range.from, range.to],
    queryFn: ({ signal }) =>
      call(
        readSeries,
        { query: { kind: "organization", id: "checks", metrics: "down,degraded", ...range } },
        { organization, signal },
      ),
    staleTime: staleMs,
  });
