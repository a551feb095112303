import { queryOptions } from "@tanstack/react-query";
import { type Overview, readOverview } from "@wheelhouse/shared/overview.ts";
import { call } from "#lib/api.ts";

/**
 * Verdict, problems, tiles and changes of one organization; the socket keeps the cached value of now current, one of a
 * past moment never changes.
 */
export const overviewQuery = (organization: string, moment: string | null = null) =>
  queryOptions({
    queryKey: ["overview", organization, moment],
    queryFn: ({ signal }): Promise<Overview> =>
      call(readOverview, { query: { at: moment ?? undefined } }, { organization, signal }),
    staleTime: moment === null ? 10_000 : Number.POSITIVE_INFINITY,
  });
