import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  createPasswordReset,
  deleteMemberSession,
  deleteMemberSessions,
  listMemberSessions,
  listOrganizationSessions,
  type OrganizationSession,
} from "@wheelhouse/shared/access/sessions.ts";
import { call } from "#lib/api/api.ts";

const memberKey = (organization: string, userId: string) =>
  ["member-sessions", organization, userId] as const;

export const memberSessionsQuery = (organization: string, userId: string) =>
  queryOptions({
    queryKey: memberKey(organization, userId),
    queryFn: ({ signal }) => call(listMemberSessions, { params: { userId } }, { organization, signal }),
  });

type SessionsPage = {
  items: OrganizationSession[];
  nextCursor: string | null;
  total: number;
  idleMinutes: number;
};

/** Sessions of all members, newest sign-in first, page by page. */
export const organizationSessionsQuery = (organization: string) =>
  infiniteQueryOptions({
    queryKey: ["member-sessions", organization],
    queryFn: ({ pageParam, signal }): Promise<SessionsPage> =>
      call(listOrganizationSessions, { query: { limit: 100, cursor: pageParam } }, { organization, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime: 15_000,
  });

/** Ends one session of a member, or all when no id is given. */
export const useEndOfMember = (organization: string, userId: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (sessionId: string | null) => {
      if (sessionId === null) await call(deleteMemberSessions, { params: { userId } }, { organization });
      else await call(deleteMemberSession, { params: { userId, sessionId } }, { organization });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["member-sessions", organization] }),
  });
};

export const useIssueReset = (organization: string, userId: string) =>
  useMutation({ mutationFn: () => call(createPasswordReset, { params: { userId } }, { organization }) });
