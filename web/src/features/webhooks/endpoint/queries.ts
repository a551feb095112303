import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  endEndpointOverlap,
  probeEndpointBreaker,
  readEndpoint,
  resetEndpointBreaker,
  rotateEndpoint,
  testEndpoint,
} from "@wheelhouse/shared/webhooks/endpoints.ts";
import { listHeldKeys } from "@wheelhouse/shared/webhooks/ordering.ts";
import { updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { ApiError, call } from "#lib/api/api.ts";
import { endpointsQuery } from "../queries.ts";

const healthEveryMs = 10_000;
// A receiver may take up to a minute to answer.
const testTimeoutMs = 75_000;

/** Whether a read failed because there is no such endpoint. */
export const isDeleted = (error: Error | null): boolean =>
  error instanceof ApiError && error.code === "not_found";

/** One endpoint with the health of its last hour. */
export const endpointQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["webhooks", organization, "endpoint", id],
    queryFn: ({ signal }) => call(readEndpoint, { params: { id } }, { organization, signal }),
    refetchInterval: ({ state }) => (isDeleted(state.error) ? false : healthEveryMs),
  });

const shownChanges = 20;

/** The newest events of the audit trail about one endpoint. Each reading is itself in the trail, so it is not repeated. */
export const endpointChangesQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["webhooks", organization, "endpoint", id, "changes"],
    queryFn: ({ signal }) =>
      call(listAuditEvents, { query: { target: id, limit: shownChanges } }, { organization, signal }),
    staleTime: 60_000,
  });

/** Keys that a failing delivery holds. */
export const heldKeysQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["webhooks", organization, "endpoint", id, "keys"],
    queryFn: ({ signal }) => call(listHeldKeys, { params: { id } }, { organization, signal }),
    refetchInterval: healthEveryMs,
  });

const refresh = (client: QueryClient, organization: string, id: string) =>
  Promise.all([
    client.invalidateQueries({ queryKey: endpointQuery(organization, id).queryKey }),
    client.invalidateQueries({ queryKey: endpointsQuery(organization).queryKey }),
  ]);

type EndpointChange = EndpointInput<typeof updateEndpoint>["body"];

/** Changes an endpoint; also after a conflict the newest version is read again. */
export const useUpdateEndpoint = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: EndpointChange) => call(updateEndpoint, { params: { id }, body }, { organization }),
    onSettled: () => refresh(client, organization, id),
  });
};

/** Gives an endpoint a new signing secret; the answer shows it once. */
export const useRotateEndpoint = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: EndpointInput<typeof rotateEndpoint>["body"]) =>
      call(rotateEndpoint, { params: { id }, body }, { organization }),
    onSettled: () => refresh(client, organization, id),
  });
};

export const useEndOverlap = (organization: string, id: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) =>
      call(endEndpointOverlap, { params: { id }, body: { version } }, { organization }),
    onSettled: () => refresh(client, organization, id),
  });
};

/** Sends a test event; the answer is what the receiver said. */
export const useTestEndpoint = (organization: string, id: string) =>
  useMutation({
    mutationFn: () =>
      call(testEndpoint, { params: { id }, body: {} }, { organization, timeoutMs: testTimeoutMs }),
  });

export type BreakerAct = "reset" | "probe";

export const useBreakerAct = (organization: string, id: string, act: BreakerAct) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      call(
        act === "reset" ? resetEndpointBreaker : probeEndpointBreaker,
        { params: { id }, body: { reason } },
        { organization },
      ),
    onSettled: () => refresh(client, organization, id),
  });
};
