import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import type { WatchedSources } from "#observe/catalogue.ts";

type HeartbeatPath = (serviceId: string, instance: string) => string;

/** The organization's part of what is watched, services first. @param heartbeatPath null: the caller may not know. */
export function viewsOf(
  sources: WatchedSources,
  organization: string,
  versions: ReadonlyMap<string, number>,
  heartbeatPath: HeartbeatPath | null,
): WatchedSource[] {
  const mine = <T extends { organization: string }>(all: readonly T[]) =>
    all.filter((each) => each.organization === organization);
  const common = (id: string) => {
    const version = versions.get(id) ?? null;
    return { id, origin: version === null ? ("file" as const) : ("api" as const), version };
  };
  const services = mine(sources.services).map((service): WatchedSource => {
    const { id, organization: _, instances, dependsOn, conditions, ...rest } = service;
    const isPush = service.format === "push";
    return {
      ...{ ...common(id), kind: "service", name: service.name },
      target: isPush ? null : hostOf(instances[0]?.url),
      definition: {
        ...{ kind: "service", ...rest, dependsOn: [...dependsOn], conditions: [...conditions] },
        instances: instances.map((each) => ({ id: each.id, url: isPush ? null : each.url })),
      },
      heartbeats:
        isPush && heartbeatPath
          ? instances.map((each) => ({ instance: each.id, path: heartbeatPath(id, each.id) }))
          : [],
    };
  });
  const targets = mine(sources.prometheus).map(({ id, organization: _, ...rest }): WatchedSource => {
    const name = `${rest.service} ${rest.instance}`;
    return {
      ...{ ...common(id), kind: "prometheus", name, target: hostOf(rest.url), heartbeats: [] },
      definition: { kind: "prometheus", name, ...rest },
    };
  });
  const servers = (["redis", "postgres"] as const).flatMap((kind) =>
    mine(sources[kind]).map(
      ({ id, name, url }): WatchedSource => ({
        ...{ ...common(id), kind, name, target: hostOf(url), definition: null, heartbeats: [] },
      }),
    ),
  );
  return [...services, ...targets, ...servers];
}

const hostOf = (url: string | undefined): string | null =>
  url !== undefined && URL.canParse(url) ? new URL(url).host : null;
