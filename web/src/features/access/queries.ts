import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import {
  createInvitation,
  createOrganization,
  deactivateMember,
  deleteInvitation,
  deleteMember,
  listInvitations,
  listMembers,
  listOrganizations,
  type Member,
  reactivateMember,
  readMember,
  renewInvitation,
  updateMember,
  updateOrganization,
} from "@wheelhouse/shared/access/members.ts";
import { createToken, deleteToken, listTokens } from "@wheelhouse/shared/access/tokens.ts";
import type { Capability, Role } from "@wheelhouse/shared/capabilities.ts";
import { call } from "#lib/api/api.ts";

const key = (organization: string, ...rest: unknown[]) => ["access", organization, ...rest] as const;
const pageSize = 100;
const staleTime = 15_000;

type MembersFilter = { role?: Role | undefined; q?: string | undefined };
type MembersPage = { items: Member[]; nextCursor: string | null };

/** Members by role and name, including those of sub-organizations. */
export const membersQuery = (organization: string, { role, q }: MembersFilter) =>
  infiniteQueryOptions({
    queryKey: key(organization, "members", { role, q }),
    queryFn: ({ pageParam, signal }): Promise<MembersPage> =>
      call(
        listMembers,
        { query: { role, q, includeChildren: "1", limit: pageSize, cursor: pageParam } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime,
    placeholderData: keepPreviousData,
  });

export const memberQuery = (organization: string, userId: string) =>
  queryOptions({
    queryKey: key(organization, "member", userId),
    queryFn: ({ signal }) => call(readMember, { params: { userId } }, { organization, signal }),
    staleTime,
  });

export const invitationsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "invitations"),
    queryFn: ({ signal }) =>
      call(listInvitations, { query: { includeChildren: "1", limit: 200 } }, { organization, signal }),
    staleTime,
  });

export const tokensQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "tokens"),
    queryFn: ({ signal }) => call(listTokens, { query: { limit: 200 } }, { organization, signal }),
    staleTime,
  });

export const organizationsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "organizations"),
    queryFn: ({ signal }) => call(listOrganizations, { query: { limit: 200 } }, { organization, signal }),
    staleTime,
  });

/** A change made on this page. It refetches what the page shows, even after a refusal. */
const useAct = <Input, Result>(act: (input: Input) => Promise<Result>, alsoSession = false) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["access"] }),
        alsoSession ? client.invalidateQueries({ queryKey: ["session"] }) : undefined,
      ]),
  });
};

export const useChangeRole = (organization: string, userId: string) =>
  useAct((body: { role: Role; currentRole: Role }) =>
    call(updateMember, { params: { userId }, body }, { organization }),
  );

export const useRemoveMember = (organization: string, userId: string) =>
  useAct(() => call(deleteMember, { params: { userId } }, { organization }));

export const useSetAccount = (organization: string, userId: string, act: "deactivate" | "reactivate") =>
  useAct(() =>
    call(
      act === "deactivate" ? deactivateMember : reactivateMember,
      { params: { userId } },
      { organization },
    ),
  );

export const useInvite = (organization: string) =>
  useAct((body: { email: string; role: Role }) => call(createInvitation, { body }, { organization }));

export const useRenewInvitation = (organization: string, id: string) =>
  useAct(() => call(renewInvitation, { params: { id } }, { organization }));

export const useWithdrawInvitation = (organization: string, id: string) =>
  useAct(() => call(deleteInvitation, { params: { id } }, { organization }));

export const useCreateOrganization = (organization: string) =>
  useAct(
    (body: { name: string; slug: string }) => call(createOrganization, { body }, { organization }),
    true,
  );

export const useRenameOrganization = (organization: string, id: string) =>
  useAct(
    (name: string) => call(updateOrganization, { params: { id }, body: { name } }, { organization }),
    true,
  );

export const useCreateToken = (organization: string) =>
  useAct((body: { name: string; capabilities: Capability[]; expiresAt: string | null }) =>
    call(createToken, { body }, { organization }),
  );

export const useRevokeToken = (organization: string, id: string) =>
  useAct(() => call(deleteToken, { params: { id } }, { organization }));
