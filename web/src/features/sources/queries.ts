import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  createServer,
  createTarget,
  deleteServer,
  deleteTarget,
  listSources,
  rotateHeartbeat,
  updateServer,
  updateTarget,
  type WatchedSource,
} from "@wheelhouse/shared/sources.ts";
import { call } from "#lib/api/api.ts";
import { serverClock } from "#lib/live/server-clock.ts";

export const refreshIntervalMs = 3_000;

/** Sources of an organization with their last observed state. */
export const sourcesQuery = (organization: string) =>
  queryOptions({
    queryKey: ["sources", organization],
    queryFn: async ({ signal }) => ({
      ...(await call(listSources, {}, { organization, signal })),
      answeredAtMs: serverClock.now(),
    }),
    refetchInterval: refreshIntervalMs,
  });

const useChange = <Input, Result>(organization: string, run: (input: Input) => Promise<Result>) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => client.invalidateQueries({ queryKey: ["sources", organization] }),
  });
};

type TargetBody = EndpointInput<typeof createTarget>["body"];
type ServerBody = EndpointInput<typeof createServer>["body"];
/** `source`: the source to change; null for a new one. */
export type Change<Body extends { slug: string }> = Body & { source: WatchedSource | null };

export const useSaveTarget = (organization: string) =>
  useChange(organization, ({ source, slug, definition, credentials, reason }: Change<TargetBody>) =>
    source === null
      ? call(createTarget, { body: { slug, definition, credentials, reason } }, { organization })
      : call(
          updateTarget,
          {
            params: { id: source.id },
            body: { version: source.version ?? 0, definition, credentials, reason },
          },
          { organization },
        ),
  );

export const useSaveServer = (organization: string) =>
  useChange(organization, ({ source, slug, definition, reason }: Change<ServerBody>) =>
    source === null
      ? call(createServer, { body: { slug, definition, reason } }, { organization })
      : call(
          updateServer,
          { params: { id: source.id }, body: { version: source.version ?? 0, definition, reason } },
          { organization },
        ),
  );

export const useDeleteSource = (organization: string) =>
  useChange(organization, ({ source: { id, kind }, reason }: { source: WatchedSource; reason: string }) =>
    kind === "redis" || kind === "postgres"
      ? call(deleteServer, { params: { id }, query: { reason } }, { organization })
      : call(deleteTarget, { params: { id }, query: { reason } }, { organization }),
  );

export const useRotateHeartbeat = (organization: string, id: string) =>
  useChange(organization, (body: EndpointInput<typeof rotateHeartbeat>["body"]) =>
    call(rotateHeartbeat, { params: { id }, body }, { organization }),
  );
