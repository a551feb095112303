import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { SourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import type {
  createServer,
  createTarget,
  ServerDefinition,
  TargetDefinition,
  updateServer,
  updateTarget,
} from "@wheelhouse/shared/sources.ts";
import { targetDefinition } from "@wheelhouse/shared/sources.ts";
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
import {
  credentialsPurpose,
  idOf,
  openCredentials,
  type SourcesCatalogue,
  sourcesOf,
  urlPurpose,
} from "./catalogue.ts";
import { createDefinitionChecks } from "./definition-checks.ts";
import { createHeartbeatSecrets, type HeartbeatSecrets } from "./heartbeats.ts";
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
  /** Which addresses a Redis or Postgres server may have. */
  serverFilter: AddressFilter;
  clock: Clock;
};
/** Given by the caller and stored in the audit trail. */
type Reason = { reason?: string | null | undefined };
/** `credentials`: undefined keeps those that are stored. */
type Given = Reason & { credentials?: SourceCredentials | null | undefined };

type Content = Pick<SourceRow, "kind" | "definition"> & {
  url: string | null;
  /** Id of the server that holds the cache; caches only. */
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

/** @param storedMs the time-out that holds if the definition says nothing of it. */
function contentOfServer(
  { kind, name, url, timeoutMs: givenMs }: ServerDefinition,
  storedMs: number | null = null,
): Content {
  const timeoutMs = givenMs === undefined ? storedMs : givenMs;
  return {
    kind,
    definition: { name, ...(timeoutMs === null ? {} : { timeoutMs }) },
    url,
    // Credentials and query of an address are secret.
    shown: { kind, name, target: new URL(url).host, timeoutMs },
  };
}

/** The trail says which kind of credentials there is, and nothing of them. */
const withCredentials = (shown: AuditFields, credentials: SourceCredentials | null): AuditFields =>
  credentials === null ? shown : { ...shown, authentication: credentials.kind };

/** Credentials are for what is asked over HTTP; a certificate needs TLS. */
function assertCredentials(definition: TargetDefinition, credentials: SourceCredentials | null | undefined) {
  if (!credentials) return;
  const urls =
    definition.kind === "service"
      ? definition.instances.map(({ url }) => url)
      : definition.kind === "prometheus"
        ? [definition.url]
        : [null];
  if (urls.some((url) => url === null || !/^https?:/i.test(url)))
    throw invalidField("body.credentials", "are for addresses that begin with https:// or http://");
  if (credentials.kind === "certificate" && urls.some((url) => !/^https:/i.test(url ?? "")))
    throw invalidField("body.credentials.kind", "needs addresses that begin with https://");
}

const originsOf = (definition: unknown): string[] => {
  const read = targetDefinition.safeParse(definition).data;
  if (read?.kind === "prometheus") return [new URL(read.url).origin];
  if (read?.kind !== "service") return [];
  return read.instances.flatMap(({ url }) => (url === null ? [] : [new URL(url).origin]));
};

/** Whoever may change an address must not get to see stored credentials by sending them elsewhere. */
function assertSameHosts(before: SourceRow, definition: unknown) {
  const known = new Set(originsOf(before.definition));
  if (originsOf(definition).some((origin) => !known.has(origin)))
    throw invalidField(
      "body.credentials",
      "must be given again for an address on another host, or be null to delete them",
    );
}

const targetOf = (row: Pick<SourceRow, "id" | "slug">, { organization }: RequestContext) => [
  { type: "watched-source", id: row.id, name: idOf(organization.slug, row.slug) },
];

/** Sources that people add, beside those of the file, which are read-only. */
export function createSourcesService(options: Options) {
  const { store, catalogue, file, changes, box, filter, serverFilter, clock, checksOf, scrapesOf } = options;
  const heartbeats = createHeartbeatSecrets({ store, clock });
  const { assertTarget, readServer } = createDefinitionChecks({ catalogue, filter, serverFilter });

  /** @throws 409 for sources of the file, 404 for an unknown source of this organization. */
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
      throw new AppError("conflict", "This source is declared in wheelhouse.yaml; change it there.");
    throw new AppError("not_found", "There is no such source in this organization.");
  }

  const sealedCredentials = (id: string, credentials: SourceCredentials | null) =>
    credentials && box.seal(JSON.stringify(credentials), credentialsPurpose(id));

  const viewOf = (row: SourceRow, context: RequestContext, secrets: readonly SecretRow[] = []) => {
    const { slug } = context.organization;
    const { caches, ...read } = sourcesOf([{ ...row, organization: slug }], box);
    const id = idOf(slug, row.slug);
    // A cache is shown together with its server.
    const redis = [...read.redis, ...(caches.length > 0 ? catalogue.current().redis : [])];
    const view = viewsOf({ ...read, redis }, slug, {
      caches,
      versions: new Map([[id, row.version]]),
      credentialsOf: () => openCredentials(row, box),
      secretOf: (_, instance) => secrets.find((each) => each.instance === instance),
      seen: new Map(checksOf(context.organization).map((each) => [each.id, each])),
    }).find((each) => each.id === id);
    if (!view) throw new Error(`source ${row.id} cannot be read`);
    return view;
  };

  /** A server of the file cannot be deleted here. */
  const holdServer = async (tx: Transaction<Tables>, { organization }: RequestContext, server = "") => {
    const prefix = idOf(organization.slug, "");
    if (server.startsWith(prefix)) await store.holdServer(tx, organization.id, server.slice(prefix.length));
  };
  const shownOf = (row: SourceRow, context: RequestContext): AuditFields => {
    const { kind, name, target, definition, timeoutMs = null } = viewOf(row, context);
    const shown = definition ? auditFields(definition) : { kind, name, target, timeoutMs };
    return withCredentials(shown, openCredentials(row, box));
  };
  async function create(
    action: "sources.target.create" | "sources.server.create",
    { slug, credentials = null, reason = null }: { slug: string } & Given,
    content: Content,
    context: RequestContext,
  ) {
    const id = uuidv7();
    const { kind, definition, url, shown } = content;
    const { id: organizationId, slug: organization } = context.organization;
    const made = await changes.run(context, action, async (tx) => {
      await holdServer(tx, context, content.server);
      const url_box = url === null ? null : box.seal(url, urlPurpose(id));
      const credentials_box = sealedCredentials(id, credentials);
      const row = { id, org_id: organizationId, slug, kind, definition, url_box, credentials_box };
      await store.insert(tx, row);
      const service = idOf(organization, slug);
      const { secrets, issued } = await heartbeats.keep(tx, { organizationId, service }, definition);
      return {
        result: { ...viewOf({ ...row, version: 1 }, context, secrets), issued },
        audit: {
          targets: targetOf(row, context),
          before: null,
          after: withCredentials(shown, credentials),
          reason,
        },
      };
    });
    await catalogue.changed();
    return made;
  }

  async function update(
    action: "sources.target.update" | "sources.server.update",
    { id, version, credentials, reason = null }: { id: string; version: number } & Given,
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
        throw new AppError("conflict", "Someone else changed this in the meantime. Reload and review it.");
      if (before.kind !== kind) throw invalidField("body.definition.kind", "cannot be changed");
      const url_box = url === null ? null : box.seal(url, urlPurpose(before.id));
      if (credentials === undefined && before.credentials_box !== null) assertSameHosts(before, definition);
      const credentials_box =
        credentials === undefined ? before.credentials_box : sealedCredentials(before.id, credentials);
      const after = { ...before, definition, url_box, credentials_box };
      const next = await store.update(tx, before.id, after);
      const place = { organizationId, service: id };
      const { secrets, issued } = await heartbeats.keep(tx, place, definition);
      return {
        result: {
          ...viewOf({ ...after, version: next }, context, secrets),
          issued,
        },
        audit: {
          targets: targetOf(before, context),
          before: shownOf(before, context),
          after: withCredentials(shown, openCredentials(after, box)),
          reason,
        },
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
        throw new AppError("not_found", "There is no such source in this organization.");
      const shown = shownOf(before, context);
      // Without its server a cache would stay listed as unknown.
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

  return {
    list: createSourcesList({ catalogue, file, checksOf, scrapesOf }),
    createTarget(
      { slug, definition, credentials, reason }: EndpointParsed<typeof createTarget>["body"],
      context: RequestContext,
    ) {
      assertTarget(definition, idOf(context.organization.slug, slug), context);
      assertCredentials(definition, credentials);
      return create(
        "sources.target.create",
        { slug, credentials, reason },
        contentOfTarget(definition),
        context,
      );
    },
    updateTarget(
      id: string,
      { version, definition, credentials, reason }: EndpointParsed<typeof updateTarget>["body"],
      context: RequestContext,
    ) {
      assertTarget(definition, id, context);
      assertCredentials(definition, credentials);
      return update(
        "sources.target.update",
        { id, version, credentials, reason },
        contentOfTarget(definition),
        context,
      );
    },
    deleteTarget: (id: string, reason: string | undefined, context: RequestContext) =>
      remove("sources.target.delete", { id, reason }, ["service", "prometheus", "cache"], context),
    createServer(
      { slug, definition, reason }: EndpointParsed<typeof createServer>["body"],
      context: RequestContext,
    ) {
      const content = contentOfServer(readServer(definition));
      return create("sources.server.create", { slug, reason }, content, context);
    },
    updateServer(
      id: string,
      { version, definition, reason }: EndpointParsed<typeof updateServer>["body"],
      context: RequestContext,
    ) {
      const { redis, postgres } = catalogue.current();
      const stored = [...redis, ...postgres].find((server) => server.id === id);
      const content = contentOfServer(readServer(definition), stored?.timeoutMs);
      return update("sources.server.update", { id, version, reason }, content, context);
    },
    deleteServer: (id: string, reason: string | undefined, context: RequestContext) =>
      remove("sources.server.delete", { id, reason }, ["redis", "postgres"], context),
    rotateHeartbeat: createRotation({ store, catalogue, changes, heartbeats }),
  };
}
export type SourcesService = ReturnType<typeof createSourcesService>;

/** Replaces the secret of an instance that reports by itself. */
function createRotation({
  store,
  catalogue,
  changes,
  heartbeats,
}: Pick<Options, "store" | "catalogue" | "changes"> & { heartbeats: HeartbeatSecrets }) {
  /**
   * Also for services of the file, whose secrets could not be changed otherwise. @returns the complete
   * address, once.
   */
  return async function rotate(
    id: string,
    { instance, reason = null }: { instance: string } & Reason,
    context: RequestContext,
  ) {
    const { id: organizationId, slug: organization } = context.organization;
    const service = catalogue
      .current()
      .services.find((each) => each.id === id && each.organization === organization);
    if (!service) throw new AppError("not_found", "There is no such service in this organization.");
    if (service.format !== "push")
      throw new AppError("conflict", "This service is checked by Wheelhouse and sends no heartbeats.");
    if (!service.instances.some((each) => each.id === instance))
      throw invalidField("body.instance", "is not an instance of this service");
    const prefix = idOf(organization, "");
    const made = await changes.run(context, "sources.heartbeat.rotate", async (tx) => {
      // A concurrent deletion of the source then deletes its secrets after this change.
      const row = id.startsWith(prefix)
        ? await store.lock(tx, organizationId, id.slice(prefix.length))
        : null;
      const { told, ...shown } = await heartbeats.renew(tx, { organizationId, service: id }, instance);
      const targets = row ? targetOf(row, context) : [{ type: "watched-source", id, name: id }];
      return { result: told, audit: { targets, ...shown, reason } };
    });
    await catalogue.changed();
    return made;
  };
}
