import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type {
  createEndpoint,
  updateEndpoint,
  WebhookEndpoint,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { AuditFields, Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Breakers } from "../breaker.ts";
import type { ConfigurationStore, EndpointRow } from "./configuration-store.ts";
import { type Directory, endpointPurpose } from "./lookup.ts";
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
};

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

export function endpointView(row: EndpointRow, breakers: Pick<Breakers, "view">): WebhookEndpoint {
  const breaker = breakers.view(row.id);
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    url: row.url,
    eventTypes: row.event_types,
    secretHint: row.secret_hint,
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    breaker: {
      state: breaker.state,
      since: iso(breaker.sinceMs),
      nextProbeAt: iso(breaker.nextProbeAtMs),
      consecutiveFailures: breaker.consecutiveFailures,
    },
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
}

const auditFields = (row: Pick<EndpointRow, "name" | "url" | "event_types" | "enabled">): AuditFields => ({
  name: row.name,
  url: withoutSecrets(row.url),
  eventTypes: row.event_types,
  enabled: row.enabled,
});

/** Credentials and query of a receiver's URL are secret. */
function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

export const staleVersion = () =>
  new AppError("conflict", "Someone else changed this in the meantime. Reload and review it.");

/** Endpoints, each change with its audit row; secrets are shown once and sealed at rest. */
export function createConfiguration(options: ConfigurationOptions) {
  const { store, changes, secrets, filter, breakers, directory } = options;

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
          secret_box: secrets.seal(secret, endpointPurpose(id)),
          secret_hint: secretHint(secret),
        });
        return {
          result: { ...endpointView(row, breakers), secret },
          audit: {
            targets: [{ type: "webhook-endpoint", id, name: row.name }],
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
        if (before.version !== body.version) throw staleVersion();
        const enabled = body.enabled ?? before.enabled;
        const fields = {
          name: body.name ?? before.name,
          url: body.url ?? before.url,
          event_types: body.eventTypes ?? before.event_types,
          enabled,
          disabled_reason: enabled
            ? null
            : (before.disabled_reason ?? `disabled by ${context.actor.display}`),
        };
        const version = await store.updateEndpoint(tx, id, fields);
        const after = { ...before, ...fields, version };
        return {
          result: endpointView(after, breakers),
          audit: {
            targets: [{ type: "webhook-endpoint", id, name: after.name }],
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
            targets: [{ type: "webhook-endpoint", id, name: before.name }],
            before: auditFields(before),
            after: { discardedDeliveries: discarded },
          },
        };
      });
      directory.forget();
      return null;
    },

    /** Disables an endpoint as a system action, because its receiver responded with 410. */
    async disableGone({ organizationId, endpointId: id, version }: GoneEndpoint) {
      await changes
        .runAsSystem(organizationId, "Webhook delivery", "webhooks.endpoint.disable", async (tx) => {
          const before = await store.lockEndpoint(tx, organizationId, id);
          // Another delivery's 410 came first, or someone has enabled it since: this response is outdated.
          if (!before.enabled || before.version !== version) throw staleVersion();
          const fields = { ...before, enabled: false, disabled_reason: "the receiver answered 410 Gone" };
          await store.updateEndpoint(tx, id, {
            name: fields.name,
            url: fields.url,
            event_types: fields.event_types,
            enabled: false,
            disabled_reason: fields.disabled_reason,
          });
          return {
            result: null,
            audit: {
              targets: [{ type: "webhook-endpoint", id, name: before.name }],
              before: auditFields(before),
              after: auditFields(fields),
              reason: fields.disabled_reason,
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

export type Configuration = ReturnType<typeof createConfiguration>;

/** `version` at the start of the attempt. */
type GoneEndpoint = { organizationId: string; endpointId: string; version: number };
