import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { readSession, type SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { ApiError, call } from "./api.ts";

/** The session as seen from one organization; without one, from the session's default organization. */
export const sessionQuery = (organization?: string) =>
  queryOptions({
    queryKey: ["session", organization ?? null],
    queryFn: async ({ signal }): Promise<SessionView> => {
      const session = await call(readSession, {}, { organization, signal });
      serverClock.hear(session.serverTime);
      return session;
    },
    staleTime: 60_000,
    retry: false,
  });

/** The session on a page below `/o/:org`, where the route has loaded it. */
export const useSession = (organization: string): SessionView => {
  const { data, error } = useSuspenseQuery(sessionQuery(organization));
  // A removed member must not keep seeing data loaded earlier.
  if (error instanceof ApiError && error.code === "forbidden") throw error;
  return data;
};

/**
 * Whether the signed-in person has a permission in the organization. Only hides controls; the server enforces
 * it.
 */
export const useCan = (organization: string, capability: Capability): boolean =>
  useQuery(sessionQuery(organization)).data?.capabilities.includes(capability) ?? false;
