import { useQueryClient } from "@tanstack/react-query";
import { useLiveEvent, useLiveTopic } from "#lib/live-context.tsx";
import { overviewQuery } from "./health-queries.ts";

/** Writes each overview snapshot into the cache while the tab is shown. */
export const useOverviewLive = (organization: string): void => {
  const client = useQueryClient();
  useLiveTopic("overview");
  useLiveEvent("overview:snapshot", ({ data }) => {
    client.setQueryData(overviewQuery(organization).queryKey, data);
  });
};
