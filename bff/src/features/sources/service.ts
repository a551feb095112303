import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type {
  createServer,
  createTarget,
  ServerDefinition,
  TargetDefinition,
  updateServer,
  updateTarget,
} from "@wheelhouse/shared/sources.ts";
import type { Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Tables } from "#database/tables.ts";
import type { AuditFields, Changes } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SourcesFile } from "#observe/sources/sources.ts";
import { idOf, type SourcesCatalogue, sourcesOf, urlPurpose } from "./catalogue.ts";
import { createDefinitionChecks } from "./definition-checks.ts";
import { createHeartbeatSecrets } from "./heartbeats.ts";
import { createSourcesList, type Seen } from "./list.ts";
import type { SecretRow, SourceRow, SourcesStore } from "./store.ts";
import { auditFields, viewsOf } from "./view.ts";

type Options = Seen & {
  store: SourcesStore;
  catalogue: SourcesCatalogue;
  file: SourcesFile;
  changes: Changes;
  box: SecretBox;
  filter: AddressFilter;
  clock: Clock;
};
/** Told by whoever acts; kept in the trail. */
type Reason = { reason?: string | null | undefined };

type Content = Pick<SourceRow, "kind" | "definition"> & {
  url: string | null;
  /** Id of the server that it lies in, of a cache. */
  server?: string;
  shown: AuditFields;
};
const contentOfTarget = (definition: TargetDefinition): Content => ({
  kind: definition.kind,
  definition,
  url: null,
  shown: auditFields(definition),
  ...(definition.kind === "cache" ? { server: definition.server } : {}),
});

const contentOfServer = ({ kind, name, url }: ServerDefinition): Content => ({
  kind,
  definition: { name },
  url,
  // Credentials and query of an address are secrets.
  shown: { kind, name, target: new URL(url).host },
});

const targetOf = (row: Pick<SourceRow, "id" | "slug">, { organization }: RequestContext) => [
  { type: "watched-source", id: row.id, name: idOf(organization.slug, row.slug) },
];

/** Sources that people add, beside those of the file, which they only see. */
export function createSourcesService(options: Options) {
  const { store, catalogue, file, changes, box, filter, clock, checksOf, scrapesOf } = options;
  const heartbeats = createHeartbeatSecrets({ store, clock });
  const { assertTarget, assertServer } = createDefinitionChecks({ catalogue, filter });

  /** @throws 409 for what the file declares, 404 for what is no source of this organization. */
  function slugOf(id: string, { organization }: RequestContext): string {
    const prefix = idOf(organization.slug, "");
    if (id.startsWith(prefix)) return id.slice(prefix.length);
    const { redis, postgres, services, prometheus } = file.current();
    const ofFile = [
      ...redis,
      ...postgres,
      ...services,
      ...prometheus,
      ...catalogue.caches().map((each) => ({ id: each.sourceId, organization: each.organization })),
    ];
    const isOfFile = ofFile.some((each) => each.id === id && each.organization === organization.slug);
    if (isOfFile)
      throw new AppError("conflict", "wheelhouse.yaml declares this source; it is changed there.");
    throw new AppError("not_found", "No such source in this organization.");
  }

  const viewOf = (row: SourceRow, context: RequestContext, secrets: readonly SecretRow[] = []) => {
    const { slug } = context.organization;
    const { caches, ...read } = sourcesOf([{ ...row, organization: slug }], box);
    const id = idOf(slug, row.slug);
    // A cache is shown with the server that it lies in.
    const redis = [...read.redis, ...(caches.length > 0 ? catalogue.current().redis : [])];
    const view = viewsOf({ ...read, redis }, slug, {
      caches,
      versions: new Map([[id, row.version]]),
      secretOf: (_, instance) => secrets.find((each) => each.instance === instance),
      seen: new Map(checksOf(context.organization).map((each) => [each.id, each])),
    }).find((each) => each.id === id);
    if (!view) throw new Error(`source ${row.id} cannot be read`);
    return view;
  };

  /** One of the file cannot be deleted here. */
  const holdServer = async (tx: Transaction<Tables>, { organization }: RequestContext, server = "") => {
    const prefix = idOf(organization.slug, "");
    if (server.startsWith(prefix)) await store.holdServer(tx, organization.id, server.slice(prefix.length));
  };
  const shownOf = (row: SourceRow, context: RequestContext): AuditFields => {
    const { kind, name, target, definition } = viewOf(row, context);
    return definition ? auditFields(definition) : { kind, name, target };
  };
  async function create(
    action: "sources.target.create" | "sources.server.create",
    { slug, reason = null }: { slug: string } & Reason,
    content: Content,
    context: RequestContext,
  ) {
    const id = uuidv7();
    const { kind, definition, url, shown } = content;
    const { id: organizationId, slug: organization } = context.organization;
    const made = await changes.run(context, action, async (tx) => {
      await holdServer(tx, context, content.server);
      const url_box = url === null ? null : box.seal(url, urlPurpose(id));
      const row = { id, org_id: organizationId, slug, kind, definition, url_box };
      await store.insert(tx, row);
      const service = idOf(organization, slug);
      const { secrets, issued } = await heartbeats.keep(tx, { organizationId, service }, definition);
      return {
        result: { ...viewOf({ ...row, version: 1 }, context, secrets), issued },
        audit: { targets: targetOf(row, context), before: null, after: shown, reason },
      };
    });
    await catalogue.changed();
    return made;
  }

  async function update(
    action: "sources.target.update" | "sources.server.update",
    { id, version, reason = null }: { id: string; version: number } & Reason,
    content: Content,
    context: RequestContext,
  ) {
    const slug = slugOf(id, context);
    const { kind, definition, url, shown } = content;
    const organizationId = context.organization.id;
    const made = await changes.run(context, action, async (tx) => {
      await holdServer(tx, context, content.server);
      const before = await store.lock(tx, organizationId, slug);
      if (before.version !== version)
        throw new AppError("conflict", "Somebody changed this in the meantime. Reload and look at it again.");
      if (before.kind !== kind) throw invalidField("body.definition.kind", "cannot be changed");
      const url_box = url === null ? null : box.seal(url, urlPurpose(before.id));
      const next = await store.update(tx, before.id, { definition, url_box });
      const place = { organizationId, service: id };
      const { secrets, issued } = await heartbeats.keep(tx, place, definition);
      return {
        result: {
          ...viewOf({ ...before, definition, url_box, version: next }, context, secrets),
          issued,
        },
        audit: { targets: targetOf(before, context), before: shownOf(before, context), after: shown, reason },
      };
    });
    await catalogue.changed();
    return made;
  }

  async function remove(
    action: "sources.target.delete" | "sources.server.delete",
    { id, reason = null }: { id: string } & Reason,
    kinds: readonly SourceRow["kind"][],
    context: RequestContext,
  ) {
    const slug = slugOf(id, context);
    const organizationId = context.organization.id;
    await changes.run(context, action, async (tx) => {
      const before = await store.lock(tx, organizationId, slug);
      if (!kinds.includes(before.kind))
        throw new AppError("not_found", "No such source in this organization.");
      const shown = shownOf(before, context);
      // Without its server a cache would be listed for ever as unknown.
      const caches = before.kind === "redis" ? await store.removeCachesOf(tx, organizationId, id) : [];
      await store.remove(tx, before.id);
      await store.forgetSecrets(tx, organizationId, id, []);
      const targets = [before, ...caches].flatMap((each) => targetOf(each, context));
      const names = targets.slice(1).map(({ name }) => name);
      const had = names.length === 0 ? shown : { ...shown, caches: names };
      return { result: null, audit: { targets, before: had, after: null, reason } };
    });
    await catalogue.changed();
    return null;
  }

  /** Of the file's services as well, whose secrets nobody could change there. @returns the whole address, once. */
  async function rotate(
    id: string,
    { instance, reason = null }: { instance: string } & Reason,
    context: RequestContext,
  ) {
    const { id: organizationId, slug: organization } = context.organization;
    const service = catalogue
      .current()
      .services.find((each) => each.id === id && each.organization === organization);
    if (!service) throw new AppError("not_found", "No such service in this organization.");
    if (service.format !== "push")
      throw new AppError("conflict", "It is asked for its health, and reports no heartbeat.");
    if (!service.instances.some((each) => each.id === instance))
      throw invalidField("body.instance", "is no instance of this service");
    const prefix = idOf(organization, "");
    const made = await changes.run(context, "sources.heartbeat.rotate", async (tx) => {
      // Who deletes the source at this moment deletes its secrets after this one.
      const row = id.startsWith(prefix)
        ? await store.lock(tx, organizationId, id.slice(prefix.length))
        : null;
      const { told, ...shown } = await heartbeats.renew(tx, { organizationId, service: id }, instance);
      const targets = row ? targetOf(row, context) : [{ type: "watched-source", id, name: id }];
      return { result: told, audit: { targets, ...shown, reason } };
    });
    await catalogue.changed();
    return made;
  }

  return {
    list: createSourcesList({ catalogue, file, checksOf, scrapesOf }),
    createTarget(
      { slug, definition, reason }: EndpointParsed<typeof createTarget>["body"],
      context: RequestContext,
    ) {
      assertTarget(definition, idOf(context.organization.slug, slug), context);
      return create("sources.target.create", { slug, reason }, contentOfTarget(definition), context);
    },
    updateTarget(
      id: string,
      { version, definition, reason }: EndpointParsed<typeof updateTarget>["body"],
      context: RequestContext,
    ) {
      assertTarget(definition, id, context);
      return update("sources.target.update", { id, version, reason }, contentOfTarget(definition), context);
    },
    deleteTarget: (id: string, reason: string | undefined, context: RequestContext) =>
      remove("sources.target.delete", { id, reason }, ["service", "prometheus", "cache"], context),
    createServer(
      { slug, definition, reason }: EndpointParsed<typeof createServer>["body"],
      context: RequestContext,
    ) {
      assertServer(definition);
      return create("sources.server.create", { slug, reason }, contentOfServer(definition), context);
    },
    updateServer(
      id: string,
      { version, definition, reason }: EndpointParsed<typeof updateServer>["body"],
      context: RequestContext,
    ) {
      assertServer(definition);
      return update("sources.server.update", { id, version, reason }, contentOfServer(definition), context);
    },
    deleteServer: (id: string, reason: string | undefined, context: RequestContext) =>
      remove("sources.server.delete", { id, reason }, ["redis", "postgres"], context),
    rotateHeartbeat: rotate,
  };
}
export type SourcesService = ReturnType<typeof createSourcesService>;

/** A definition as the trail keeps it: single values and lists of texts, addresses without what may be a secret. */
