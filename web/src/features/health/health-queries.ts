import { queryOptions } from "@tanstack/react-query";
import { type Overview, readOverview } from "@wheelhouse/shared/health.ts";
import { call } from "#lib/api.ts";

/** Verdict, problems, tiles and changes of one organization; the socket keeps the cached value current. */
export const overviewQuery = (organization: string) =>
  queryOptions({
    queryKey: ["overview", organization],
    queryFn: ({ signal }): Promise<Overview> => call(readOverview, {}, { organization, signal }),
    staleTime: 10_000,
  });
