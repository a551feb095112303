import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { listProviders } from "@wheelhouse/shared/access/access.ts";
import {
  changePassword,
  deleteOtherSessions,
  deleteOwnSession,
  listOwnSessions,
  resetPassword,
} from "@wheelhouse/shared/access/sessions.ts";
import { call } from "#lib/api/api.ts";

const ownKey = ["sessions"] as const;
export const ownSessionsQuery = () =>
  queryOptions({
    queryKey: ownKey,
    queryFn: ({ signal }) => call(listOwnSessions, {}, { signal }),
  });

/** The page waits only briefly, because signing in with a password works without this answer. */
export const providersQuery = () =>
  queryOptions({
    queryKey: ["sign-in-providers"],
    queryFn: ({ signal }) => call(listProviders, {}, { signal, timeoutMs: 2_000 }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** Ends one of the person's own sessions, or all others when no id is given. */
export const useEndOwn = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (sessionId: string | null) => {
      if (sessionId === null) await call(deleteOtherSessions, {});
      else await call(deleteOwnSession, { params: { sessionId } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ownKey }),
  });
};

export const useChangePassword = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { currentPassword: string; newPassword: string }) => call(changePassword, { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ownKey }),
  });
};

export const useResetPassword = () =>
  useMutation({
    mutationFn: (body: { token: string; newPassword: string }) => call(resetPassword, { body }),
  });
