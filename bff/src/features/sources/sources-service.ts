import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type {
  createServer,
  createTarget,
  ServerDefinition,
  TargetDefinition,
  updateServer,
  updateTarget,
  WatchedSource,
} from "@wheelhouse/shared/sources.ts";
import { uuidv7 } from "uuidv7";
import type { AddressFilter } from "#lib/address-filter.ts";
import type { AuditFields, Changes } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/request-context.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import { serviceMistakes } from "#observe/sources-schema.ts";
import type { SourcesFile } from "#observe/sources-watch.ts";
import { idOf, type SourcesCatalogue, sourcesOf, urlPurpose } from "./sources-catalogue.ts";
import type { SourceRow, SourcesStore } from "./sources-store.ts";
import { viewsOf } from "./sources-view.ts";

type Options = {
  store: SourcesStore;
  catalogue: SourcesCatalogue;
  file: SourcesFile;
  changes: Changes;
  box: SecretBox;
  filter: AddressFilter;
  heartbeatPath(serviceId: string, instance: string): string;
};

const protocols = { redis: ["redis:", "rediss:"], postgres: ["postgres:", "postgresql:"] };

/** Sources that people add, beside those of the file, which they only see. */
export function createSourcesService(options: Options) {
  const { store, catalogue, file, changes, box, filter, heartbeatPath } = options;

  const mayManage = ({ actor, organization }: RequestContext) =>
    actor.can("sources:manage").in(organization.id).check();
  const viewOf = (row: SourceRow, context: RequestContext): WatchedSource => {
    const { slug } = context.organization;
    const sources = sourcesOf([{ ...row, organization: slug }], box);
    const versions = new Map([[idOf(slug, row.slug), row.version]]);
    const [view] = viewsOf(sources, slug, versions, mayManage(context) ? heartbeatPath : null);
    if (!view) throw new Error(`source ${row.id} cannot be read`);
    return view;
  };

  function assertTarget(definition: TargetDefinition, id: string, context: RequestContext) {
    const { slug } = context.organization;
    const { services, redis, postgres } = catalogue.current();
    if (definition.kind === "prometheus") return assertUrl(definition.url, "body.definition.url");
    const [mistake] = serviceMistakes(
      {
        ...{ id, format: definition.format, conditions: definition.conditions, url: undefined },
        ...{ dependsOn: definition.dependsOn, actuatorBreakers: definition.actuatorBreakers },
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

  function assertUrl(url: string, field: string) {
    const { username, password } = new URL(url);
    if (username || password) throw invalidField(field, "must not carry credentials");
    const refusal = filter.refusalOfUrl(url);
    if (refusal) throw invalidField(field, `may not be reached: ${refusal}`);
  }

  function assertServer({ kind, url }: ServerDefinition) {
    if (!URL.canParse(url) || !protocols[kind].includes(new URL(url).protocol))
      throw invalidField("body.definition.url", `must be a URL that begins with ${protocols[kind][0]}//`);
  }

  /** @throws 409 for what the file declares, 404 for what is no source of this organization. */
  function slugOf(id: string, { organization }: RequestContext): string {
    const prefix = idOf(organization.slug, "");
    if (id.startsWith(prefix)) return id.slice(prefix.length);
    const { redis, postgres, services, prometheus } = file.current();
    const isOfFile = [...redis, ...postgres, ...services, ...prometheus].some(
      (each) => each.id === id && each.organization === organization.slug,
    );
    if (isOfFile)
      throw new AppError("conflict", "wheelhouse.yaml declares this source; it is changed there.");
    throw new AppError("not_found", "No such source in this organization.");
  }

  type Content = { kind: SourceRow["kind"]; definition: unknown; url: string | null; shown: AuditFields };
  const contentOfTarget = (definition: TargetDefinition): Content => ({
    ...{ kind: definition.kind, definition, url: null },
    shown: auditFields(definition),
  });
  const contentOfServer = ({ kind, name, url }: ServerDefinition): Content => ({
    ...{ kind, definition: { name }, url },
    // Credentials and query of an address are secrets.
    shown: { kind, name, target: new URL(url).host },
  });
  const shownOf = (row: SourceRow, context: RequestContext): AuditFields => {
    const { kind, name, target, definition } = viewOf(row, context);
    return definition ? auditFields(definition) : { kind, name, target };
  };
  const targetOf = (row: Pick<SourceRow, "id" | "slug">, { organization }: RequestContext) => [
    { type: "watched-source", id: row.id, name: idOf(organization.slug, row.slug) },
  ];

  async function create(
    action: "sources.target.create" | "sources.server.create",
    slug: string,
    content: Content,
    context: RequestContext,
  ) {
    const id = uuidv7();
    const { kind, definition, url, shown } = content;
    const made = await changes.run(context, action, async (tx) => {
      const url_box = url === null ? null : box.seal(url, urlPurpose(id));
      const row = { id, org_id: context.organization.id, slug, kind, definition, url_box };
      await store.insert(tx, row);
      return {
        result: viewOf({ ...row, version: 1 }, context),
        audit: { targets: targetOf(row, context), before: null, after: shown },
      };
    });
    await catalogue.changed();
    return made;
  }

  async function update(
    action: "sources.target.update" | "sources.server.update",
    { id, version }: { id: string; version: number },
    content: Content,
    context: RequestContext,
  ) {
    const slug = slugOf(id, context);
    const { kind, definition, url, shown } = content;
    const made = await changes.run(context, action, async (tx) => {
      const before = await store.lock(tx, context.organization.id, slug);
      if (before.version !== version)
        throw new AppError("conflict", "Somebody changed this in the meantime. Reload and look at it again.");
      if (before.kind !== kind) throw invalidField("body.definition.kind", "cannot be changed");
      const url_box = url === null ? null : box.seal(url, urlPurpose(before.id));
      const next = await store.update(tx, before.id, { definition, url_box });
      return {
        result: viewOf({ ...before, definition, url_box, version: next }, context),
        audit: { targets: targetOf(before, context), before: shownOf(before, context), after: shown },
      };
    });
    await catalogue.changed();
    return made;
  }

  async function remove(
    action: "sources.target.delete" | "sources.server.delete",
    id: string,
    kinds: readonly SourceRow["kind"][],
    context: RequestContext,
  ) {
    const slug = slugOf(id, context);
    await changes.run(context, action, async (tx) => {
      const before = await store.lock(tx, context.organization.id, slug);
      if (!kinds.includes(before.kind))
        throw new AppError("not_found", "No such source in this organization.");
      await store.remove(tx, before.id);
      return {
        result: null,
        audit: { targets: targetOf(before, context), before: shownOf(before, context), after: null },
      };
    });
    await catalogue.changed();
    return null;
  }

  return {
    list(context: RequestContext) {
      const { readAt, failingSince, problems } = file.status();
      const { slug, id } = context.organization;
      const path = mayManage(context) ? heartbeatPath : null;
      return {
        items: viewsOf(catalogue.current(), slug, catalogue.versions(), path),
        nextCursor: null,
        file: { readAt, failingSince, problems: id === platformOrganization.id ? [...problems] : [] },
      };
    },
    createTarget({ slug, definition }: EndpointParsed<typeof createTarget>["body"], context: RequestContext) {
      assertTarget(definition, idOf(context.organization.slug, slug), context);
      return create("sources.target.create", slug, contentOfTarget(definition), context);
    },
    updateTarget(
      id: string,
      { version, definition }: EndpointParsed<typeof updateTarget>["body"],
      context: RequestContext,
    ) {
      assertTarget(definition, id, context);
      return update("sources.target.update", { id, version }, contentOfTarget(definition), context);
    },
    deleteTarget: (id: string, context: RequestContext) =>
      remove("sources.target.delete", id, ["service", "prometheus"], context),
    createServer({ slug, definition }: EndpointParsed<typeof createServer>["body"], context: RequestContext) {
      assertServer(definition);
      return create("sources.server.create", slug, contentOfServer(definition), context);
    },
    updateServer(
      id: string,
      { version, definition }: EndpointParsed<typeof updateServer>["body"],
      context: RequestContext,
    ) {
      assertServer(definition);
      return update("sources.server.update", { id, version }, contentOfServer(definition), context);
    },
    deleteServer: (id: string, context: RequestContext) =>
      remove("sources.server.delete", id, ["redis", "postgres"], context),
  };
}
export type SourcesService = ReturnType<typeof createSourcesService>;

/** A definition as the trail keeps it: single values and lists of texts, addresses without what may be a secret. */
function auditFields(definition: TargetDefinition): AuditFields {
  if (definition.kind === "prometheus") return { ...definition, url: withoutQuery(definition.url) };
  const { instances, ...rest } = definition;
  return {
    ...rest,
    instances: instances.map(({ id, url }) => (url === null ? id : `${id} ${withoutQuery(url)}`)),
  };
}

function withoutQuery(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
