import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { type EndpointSettings, endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import type { endEndpointOverlap, rotateEndpoint } from "@wheelhouse/shared/webhooks/endpoints.ts";
import type {
  createEndpoint,
  updateEndpoint,
  WebhookEndpoint,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { AuditFields, Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import type { ConfigurationStore, EndpointChange, EndpointRow } from "./configuration-store.ts";
import { endpointPurpose, type StoredHeaders, sealHeaders, storedHeaders } from "./endpoint-terms.ts";
import type { Directory } from "./lookup.ts";
import { assertSigningSecret, makeSecret, secretHint } from "./signature.ts";

export const place = z.strictObject({ createdAt: z.iso.datetime(), id: z.uuid() });
export type Paging = { cursor?: string | undefined; limit: number };

type ConfigurationOptions = {
  store: ConfigurationStore;
  changes: Changes;
  secrets: SecretBox;
  filter: AddressFilter;
  breakers: Breakers;
  directory: Directory;
  /** Looks at the keys of an endpoint again, which may have ceased to ask for order. */
  releaseOrder(tx: Transaction<Tables>, endpointId: string): Promise<void>;
  clock: Clock;
};

const hourMs = 3_600_000;

/** Cuts a list that was read with one extra row, and returns where the next page begins. */
export function pageOf<Row extends { created_at: Date; id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => Item,
) {
  const last = rows[limit - 1];
  return {
    items: rows.slice(0, limit).map(show),
    nextCursor:
      rows.length > limit && last
        ? encodeCursor({ createdAt: last.created_at.toISOString(), id: last.id })
        : null,
  };
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

const isoOf = (date: Date | null) => date?.toISOString() ?? null;

export function endpointView(row: EndpointRow, breakers: Pick<Breakers, "view">): WebhookEndpoint {
  const breaker = breakers.view(row.id);
  const settings = endpointSettings.parse(row.settings);
  const { failing_since: failingSince } = row;
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    url: row.url,
    eventTypes: row.event_types,
    settings,
    headers: storedHeaders.parse(row.headers).map(({ name, value }) => ({ name, value: value ?? null })),
    secretHint: row.secret_hint,
    previousSecretUntil: isoOf(row.previous_secret_until),
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    failingSince: isoOf(failingSince),
    disablesAt:
      failingSince === null || settings.disableAfterMs === null || !row.enabled
        ? null
        : iso(failingSince.getTime() + settings.disableAfterMs),
    breaker: {
      state: breaker.state,
      since: iso(breaker.sinceMs),
      nextProbeAt: iso(breaker.nextProbeAtMs),
      consecutiveFailures: breaker.consecutiveFailures,
    },
    version: row.version,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    changedBy: row.changed_by,
  };
}

type Audited = Pick<EndpointRow, "name" | "url" | "event_types" | "enabled" | "settings" | "headers">;
/** Of headers the names alone, since values may be secret. */
const auditFields = (row: Audited): AuditFields => ({
  name: row.name,
  url: withoutSecrets(row.url),
  eventTypes: row.event_types,
  enabled: row.enabled,
  settings: JSON.stringify(row.settings),
  headerNames: storedHeaders.parse(row.headers).map(({ name }) => name),
});

/** Credentials and query of a receiver's URL are secret. */
function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

export const staleVersion = () =>
  new AppError("conflict", "Someone else changed this in the meantime. Reload and review it.");

type UpdateBody = EndpointParsed<typeof updateEndpoint>["body"];
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** 409 that names each field of the change whose stored value is another one. */
function lostEdit(row: EndpointRow, wanted: UpdateBody): AppError {
  const settings: Record<string, unknown> = endpointSettings.parse(row.settings);
  const pairs: [string, unknown, unknown][] = [
    ["name", wanted.name, row.name],
    ["url", wanted.url, row.url],
    ["eventTypes", wanted.eventTypes, row.event_types],
    ["enabled", wanted.enabled, row.enabled],
    ...Object.entries(wanted.settings ?? {}).map(([name, value]): [string, unknown, unknown] => [
      `settings.${name}`,
      value,
      settings[name],
    ]),
  ];
  const details = pairs.flatMap(([field, asked, stored]) =>
    asked === undefined || same(asked, stored)
      ? []
      : [{ field: `body.${field}`, message: `is ${JSON.stringify(stored)} in version ${row.version}` }],
  );
  const who = row.changed_by ?? "Someone else";
  return new AppError(
    "conflict",
    `${who} changed this endpoint at ${row.changed_at.toISOString()}; it has version ${row.version} now. Nothing was overwritten.`,
    { details },
  );
}

const targetsOf = ({ id, name }: Pick<EndpointRow, "id" | "name">) => [
  { type: "webhook-endpoint", id, name },
];

/** Endpoints, each change with its audit row; secrets are shown once and sealed at rest. */
function createEndpointsService(options: ConfigurationOptions) {
  const { store, changes, secrets, filter, breakers, directory, releaseOrder, clock } = options;

  function sealed(
    id: string,
    headers: NonNullable<UpdateBody["headers"]>,
    before: StoredHeaders,
  ): StoredHeaders {
    const made = sealHeaders(secrets, id, headers, before);
    if ("missing" in made) throw invalidField("body.headers", `${made.missing} needs a value`);
    return made.headers;
  }

  /** The settings after a change: what it does not name stays. */
  function changedSettings(before: unknown, change: UpdateBody["settings"]): EndpointSettings {
    const settings = endpointSettings.parse(before);
    return endpointSettings.parse(Object.assign({}, settings, change));
  }

  function assertUrl(url: string) {
    const refusal = filter.refusalOfUrl(url);
    if (refusal) throw invalidField("body.url", `is not allowed: ${refusal}`);
    if (new URL(url).username || new URL(url).password)
      throw invalidField("body.url", "must not carry credentials");
  }

  return {
    async listEndpoints({ cursor, limit }: Paging, { organization }: RequestContext) {
      const rows = await store.listEndpoints(organization.id, decodeCursor(cursor, place), limit + 1);
      return pageOf(rows, limit, (row) => endpointView(row, breakers));
    },

    async createEndpoint(body: EndpointParsed<typeof createEndpoint>["body"], context: RequestContext) {
      const secret = body.secret ?? makeSecret();
      assertSigningSecret(secret, "body.secret");
      assertUrl(body.url);
      const id = uuidv7();
      const made = await changes.run(context, "webhooks.endpoint.create", async (tx) => {
        const row = await store.insertEndpoint(tx, {
          id,
          org_id: context.organization.id,
          slug: body.slug,
          name: body.name,
          url: body.url,
          event_types: body.eventTypes,
          settings: changedSettings({}, body.settings),
          headers: sealed(id, body.headers, []),
          secret_box: secrets.seal(secret, endpointPurpose(id)),
          secret_hint: secretHint(secret),
          changed_by: context.actor.display,
        });
        return {
          result: { ...endpointView(row, breakers), secret },
          audit: {
            targets: targetsOf(row),
            before: null,
            after: auditFields(row),
          },
        };
      });
      directory.forget();
      return made;
    },

    async updateEndpoint(
      id: string,
      body: EndpointParsed<typeof updateEndpoint>["body"],
      context: RequestContext,
    ) {
      if (body.url !== undefined) assertUrl(body.url);
      const changed = await changes.run(context, "webhooks.endpoint.update", async (tx) => {
        const before = await store.lockEndpoint(tx, context.organization.id, id);
        if (before.version !== body.version) throw lostEdit(before, body);
        const enabled = body.enabled ?? before.enabled;
        const headers = storedHeaders.parse(before.headers);
        const fields: EndpointChange = {
          name: body.name ?? before.name,
          url: body.url ?? before.url,
          event_types: body.eventTypes ?? before.event_types,
          settings: changedSettings(before.settings, body.settings),
          headers: body.headers === undefined ? headers : sealed(id, body.headers, headers),
          changed_at: new Date(clock.now()),
          changed_by: context.actor.display,
          enabled,
          disabled_reason: enabled
            ? null
            : (before.disabled_reason ?? `disabled by ${context.actor.display}`),
        };
        await store.updateEndpoint(tx, id, fields);
        const after = await store.lockEndpoint(tx, context.organization.id, id);
        if (endpointSettings.parse(before.settings).orderBy !== null) await releaseOrder(tx, id);
        return {
          result: endpointView(after, breakers),
          audit: {
            targets: targetsOf(after),
            before: auditFields(before),
            after: auditFields(after),
          },
        };
      });
      directory.forget();
      return changed;
    },

    async deleteEndpoint(id: string, context: RequestContext) {
      await changes.run(context, "webhooks.endpoint.delete", async (tx) => {
        const before = await store.lockEndpoint(tx, context.organization.id, id);
        const discarded = await store.deleteEndpoint(tx, context.organization.id, id);
        return {
          result: null,
          audit: {
            targets: targetsOf(before),
            before: auditFields(before),
            after: { discardedDeliveries: discarded },
          },
        };
      });
      directory.forget();
      return null;
    },

    /** Disables an endpoint as a system action: its receiver responded with 410, or has failed for too long. */
    async disable({ organizationId, endpointId: id, version, reason }: Disabled) {
      await changes
        .runAsSystem(organizationId, "Webhook delivery", "webhooks.endpoint.disable", async (tx) => {
          const before = await store.lockEndpoint(tx, organizationId, id);
          // Another delivery's 410 came first, or someone has enabled it since: this response is outdated.
          if (!before.enabled || before.version !== version) throw staleVersion();
          const change: EndpointChange = {
            name: before.name,
            url: before.url,
            event_types: before.event_types,
            settings: before.settings,
            headers: before.headers,
            enabled: false,
            disabled_reason: reason,
            changed_at: new Date(clock.now()),
            changed_by: "Webhook delivery",
          };
          await store.updateEndpoint(tx, id, change);
          return {
            result: null,
            audit: {
              targets: targetsOf(before),
              before: auditFields(before),
              after: auditFields(change),
              reason,
            },
          };
        })
        .catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error;
        });
      directory.forget();
    },
  };
}

/** Rotation of an endpoint's secret, and acts on its breaker; each with its audit row. */
function createUpkeep(options: ConfigurationOptions) {
  const { store, changes, secrets, breakers, directory, clock } = options;
  return {
    /** A new secret, shown once; the former one signs, too, until the overlap ends. */
    async rotate(id: string, body: EndpointParsed<typeof rotateEndpoint>["body"], context: RequestContext) {
      const secret = body.secret ?? makeSecret();
      assertSigningSecret(secret, "body.secret");
      const rotated = await changes.run(context, "webhooks.endpoint.rotate", async (tx) => {
        const before = await store.lockEndpoint(tx, context.organization.id, id);
        if (before.version !== body.version) throw lostEdit(before, body);
        const until = new Date(clock.now() + body.overlapHours * hourMs);
        await store.rotateEndpoint(tx, id, {
          next: { box: secrets.seal(secret, endpointPurpose(id)), hint: secretHint(secret) },
          previous: before.secret_box && body.overlapHours > 0 ? { box: before.secret_box, until } : null,
          changedAt: new Date(clock.now()),
          changedBy: context.actor.display,
        });
        const after = await store.lockEndpoint(tx, context.organization.id, id);
        return {
          result: { ...endpointView(after, breakers), secret },
          audit: {
            targets: targetsOf(after),
            before: { previousSecretUntil: isoOf(before.previous_secret_until) },
            after: { previousSecretUntil: isoOf(after.previous_secret_until) },
          },
        };
      });
      directory.forget();
      return rotated;
    },

    async endOverlap(
      id: string,
      body: EndpointParsed<typeof endEndpointOverlap>["body"],
      context: RequestContext,
    ) {
      return changes.run(context, "webhooks.endpoint.end-overlap", async (tx) => {
        const before = await store.lockEndpoint(tx, context.organization.id, id);
        if (before.version !== body.version) throw lostEdit(before, body);
        await store.rotateEndpoint(tx, id, {
          next: null,
          previous: null,
          changedAt: new Date(clock.now()),
          changedBy: context.actor.display,
        });
        const after = await store.lockEndpoint(tx, context.organization.id, id);
        return {
          result: endpointView(after, breakers),
          audit: {
            targets: targetsOf(after),
            before: { previousSecretUntil: isoOf(before.previous_secret_until) },
            after: { previousSecretUntil: null },
          },
        };
      });
    },

    /** Closes the breaker, or lets the next delivery probe. */
    async actOnBreaker(
      act: "reset" | "probe",
      id: string,
      { reason }: { reason: string },
      context: RequestContext,
      action: AuditAction = act === "reset"
        ? "webhooks.endpoint.reset-breaker"
        : "webhooks.endpoint.probe-breaker",
    ): Promise<WebhookEndpoint> {
      const row = await changes.run(context, action, async (tx) => {
        const locked = await store.lockEndpoint(tx, context.organization.id, id);
        const { state } = breakers.view(id);
        return {
          result: { ...endpointView(locked, breakers) },
          audit: {
            targets: targetsOf(locked),
            before: { state },
            after: { state: act === "reset" ? "closed" : state },
            reason,
          },
        };
      });
      await (act === "reset" ? breakers.reset(id) : breakers.probeNow(id));
      const { state, sinceMs, nextProbeAtMs, consecutiveFailures } = breakers.view(id);
      return {
        ...row,
        breaker: { state, since: iso(sinceMs), nextProbeAt: iso(nextProbeAtMs), consecutiveFailures },
      };
    },
  };
}

/** Endpoints and what people do with them. */
export const createConfiguration = (options: ConfigurationOptions) => ({
  ...createEndpointsService(options),
  ...createUpkeep(options),
});

export type Configuration = ReturnType<typeof createConfiguration>;

/** `version` when the reason arose. */
export type Disabled = { organizationId: string; endpointId: string; version: number; reason: string };
