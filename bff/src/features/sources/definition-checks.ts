import type { ServerDefinition, TargetDefinition } from "@wheelhouse/shared/sources.ts";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { prefixMistake, serviceMistakes } from "#observe/sources/sources.ts";
import type { SourcesCatalogue } from "./catalogue.ts";
import { readServerAddress } from "./server-address.ts";

/** Rules for a definition beyond its shape. The checks throw `validation_failed` with the field. */
export function createDefinitionChecks({
  catalogue,
  filter,
  serverFilter,
}: {
  catalogue: Pick<SourcesCatalogue, "current" | "caches">;
  filter: AddressFilter;
  /** Which addresses a Redis or Postgres server may have. */
  serverFilter: AddressFilter;
}) {
  function assertTarget(definition: TargetDefinition, id: string, context: RequestContext) {
    const { slug } = context.organization;
    const { services, redis, postgres } = catalogue.current();
    if (definition.kind === "prometheus") return assertUrl(definition.url, "body.definition.url");
    if (definition.kind === "cache") return assertCache(definition, id, slug);
    const [mistake] = serviceMistakes(
      {
        id,
        format: definition.format,
        conditions: definition.conditions,
        url: undefined,
        dependsOn: definition.dependsOn,
        actuatorBreakers: definition.actuatorBreakers,
        instances: definition.instances.map((each) => ({ id: each.id, url: each.url ?? undefined })),
      },
      ["body", "definition"],
    );
    if (mistake) throw invalidField(mistake.path.join("."), mistake.message);
    for (const [i, { url }] of definition.instances.entries())
      if (url !== null) assertUrl(url, `body.definition.instances.${i}.url`);
    const known = new Set(
      [...services, ...redis, ...postgres]
        .filter((each) => each.organization === slug)
        .map((each) => each.id),
    );
    for (const [i, each] of definition.dependsOn.entries())
      if (!known.has(each))
        throw invalidField(`body.definition.dependsOn.${i}`, "is not watched in this organization");
  }

  function assertCache(
    { server, service, name, prefix }: TargetDefinition & { kind: "cache" },
    id: string,
    organization: string,
  ) {
    const servers = catalogue.current().redis.filter((each) => each.organization === organization);
    if (!servers.some((each) => each.id === server))
      throw invalidField("body.definition.server", "is not a Redis server watched in this organization");
    const mistake = prefixMistake(prefix);
    if (mistake !== null) throw invalidField("body.definition.prefix", mistake);
    const isTaken = catalogue
      .caches()
      .some(
        (each) =>
          each.organization === organization &&
          each.sourceId !== id &&
          each.cache.service === service &&
          each.cache.name === name,
      );
    if (isTaken) throw invalidField("body.definition.name", "is already declared for this service");
  }

  function assertUrl(url: string, field: string) {
    const { username, password } = new URL(url);
    if (username || password) throw invalidField(field, "must not carry credentials");
    const refusal = filter.refusalOfUrl(url);
    if (refusal) throw invalidField(field, `is not allowed: ${refusal}`);
  }

  /** The definition with its address as it is stored. */
  function readServer({ kind, name, url, timeoutMs }: ServerDefinition): ServerDefinition {
    const read = readServerAddress({ kind, url });
    if ("problem" in read) throw invalidField("body.definition.url", read.problem);
    const refusal = serverFilter.refusalOfUrl(read.url);
    if (refusal) throw invalidField("body.definition.url", `is not allowed: ${refusal}`);
    return { kind, name, url: read.url, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  }

  return { assertTarget, readServer };
}
