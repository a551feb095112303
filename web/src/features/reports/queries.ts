import { queryOptions } from "@tanstack/react-query";
import { readDatabaseReport, readFigures } from "@wheelhouse/shared/reports.ts";
import { call } from "#lib/api/api.ts";

const staleTime = 60_000;

/** Figures by day, week and month. */
export const figuresQuery = (organization: string) =>
  queryOptions({
    queryKey: ["reports", organization, "figures"],
    queryFn: ({ signal }) => call(readFigures, { query: { days: 28 } }, { organization, signal }),
    staleTime,
  });

/** The newest statistics of the database. */
export const databaseQuery = (organization: string) =>
  queryOptions({
    queryKey: ["reports", organization, "database"],
    queryFn: ({ signal }) => call(readDatabaseReport, {}, { organization, signal }),
    staleTime,
  });
