import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  createChannel,
  createContact,
  deleteChannel,
  deleteContact,
  listChannels,
  readAlertSettings,
  testChannel,
  testContact,
  updateAlertSettings,
  updateChannel,
} from "@wheelhouse/shared/alerts/channels.ts";
import { listNotifications, type Notification } from "@wheelhouse/shared/alerts/notifications.ts";
import {
  createOverride,
  createTeam,
  deleteOverride,
  deleteTeam,
  readMine,
  readOnCall,
  updateMine,
  updateTeam,
} from "@wheelhouse/shared/alerts/routing.ts";
import { createWallGrant, listWallGrants, revokeWallGrant } from "@wheelhouse/shared/alerts/wall.ts";
import type { Endpoint, EndpointInput, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { call } from "#lib/api/api.ts";

const key = (organization: string, ...rest: unknown[]) => ["on-call", organization, ...rest] as const;
const refetchInterval = 30_000;

/** Who is on call, and whether it would work. */
export const onCallQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "rota"),
    queryFn: ({ signal }) => call(readOnCall, {}, { organization, signal }),
    refetchInterval,
  });

export const channelsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "channels"),
    queryFn: ({ signal }) => call(listChannels, {}, { organization, signal }),
    refetchInterval,
  });

export const settingsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "settings"),
    queryFn: ({ signal }) => call(readAlertSettings, {}, { organization, signal }),
  });

export const mineQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "mine"),
    queryFn: ({ signal }) => call(readMine, {}, { organization, signal }),
  });

export const wallGrantsQuery = (organization: string) =>
  queryOptions({
    queryKey: key(organization, "walls"),
    queryFn: ({ signal }) => call(listWallGrants, {}, { organization, signal }),
  });

type LogPage = { items: Notification[]; nextCursor: string | null };
/** Notifications, newest first. */
export const logQuery = (organization: string, limit: number) =>
  infiniteQueryOptions({
    queryKey: key(organization, "log", limit),
    queryFn: ({ pageParam, signal }): Promise<LogPage> =>
      call(listNotifications, { query: { limit, cursor: pageParam } }, { organization, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    refetchInterval: 10_000,
  });

/** A change of anything on this page: everything on it is read again. */
const useChange = <E extends Endpoint>(organization: string, endpoint: E) => {
  const client = useQueryClient();
  return useMutation<EndpointResult<E>, Error, EndpointInput<E>>({
    mutationFn: (input) => call(endpoint, input, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: key(organization) }),
  });
};

export const useCreateTeam = (organization: string) => useChange(organization, createTeam);
export const useUpdateTeam = (organization: string) => useChange(organization, updateTeam);
export const useDeleteTeam = (organization: string) => useChange(organization, deleteTeam);
export const useCreateOverride = (organization: string) => useChange(organization, createOverride);
export const useDeleteOverride = (organization: string) => useChange(organization, deleteOverride);
export const useCreateChannel = (organization: string) => useChange(organization, createChannel);
export const useUpdateChannel = (organization: string) => useChange(organization, updateChannel);
export const useDeleteChannel = (organization: string) => useChange(organization, deleteChannel);
export const useTestChannel = (organization: string) => useChange(organization, testChannel);
export const useCreateContact = (organization: string) => useChange(organization, createContact);
export const useDeleteContact = (organization: string) => useChange(organization, deleteContact);
export const useTestContact = (organization: string) => useChange(organization, testContact);
export const useUpdateMine = (organization: string) => useChange(organization, updateMine);
export const useUpdateSettings = (organization: string) => useChange(organization, updateAlertSettings);
export const useCreateWallGrant = (organization: string) => useChange(organization, createWallGrant);
export const useRevokeWallGrant = (organization: string) => useChange(organization, revokeWallGrant);
