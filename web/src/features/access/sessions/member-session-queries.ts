import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  createPasswordReset,
  deleteMemberSession,
  deleteMemberSessions,
  listMemberSessions,
} from "@wheelhouse/shared/access/sessions.ts";
import { call } from "#lib/api/api.ts";

const memberKey = (organization: string, userId: string) =>
  ["member-sessions", organization, userId] as const;

export const memberSessionsQuery = (organization: string, userId: string) =>
  queryOptions({
    queryKey: memberKey(organization, userId),
    queryFn: ({ signal }) => call(listMemberSessions, { params: { userId } }, { organization, signal }),
  });

/** Ends one session of a member, or all when no id is given. */
export const useEndOfMember = (organization: string, userId: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (sessionId: string | null) => {
      if (sessionId === null) await call(deleteMemberSessions, { params: { userId } }, { organization });
      else await call(deleteMemberSession, { params: { userId, sessionId } }, { organization });
    },
    onSettled: () => client.invalidateQueries({ queryKey: memberKey(organization, userId) }),
  });
};

export const useIssueReset = (organization: string, userId: string) =>
  useMutation({ mutationFn: () => call(createPasswordReset, { params: { userId } }, { organization }) });
