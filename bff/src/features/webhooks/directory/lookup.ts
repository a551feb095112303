import { endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import {
  bodyLimit,
  type SourceRedaction,
  type SourceRules,
  type SourceScheme,
  sourceRedaction,
  sourceRules,
} from "@wheelhouse/shared/webhooks/senders.ts";
import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import type { Filter } from "./matching.ts";
import { isPublicKey } from "./signature.ts";

const lifetimeMs = 1_000;
const maxEntries = 2_000;
/** A provider is waiting for its response, so a hanging database counts as unavailable. */
const readTimeoutMs = 3_000;

/**
 * Where a posted event belongs: its source with the secret, and the endpoints of the organization.
 */
export type IntakeTarget = {
  organizationId: string;
  sourceId: string;
  scheme: SourceScheme;
  rules: SourceRules;
  addresses: readonly string[];
  maxBodyBytes: number;
  redaction: SourceRedaction;
  searchFields: readonly string[];
  /** Newest first; the former one is accepted until a time. */
  secrets: readonly { secret: string; untilMs: number }[];
  endpoints: readonly (Filter & {
    id: string;
    enabled: boolean;
    retryScheduleMs: readonly number[] | null;
    orderBy: string | null;
  })[];
};
/** The organization that a path names, and its source; null if it has none of that name. */
export type IntakeAddress = { organizationId: string; target: IntakeTarget | null };

type Row = {
  org_id: string;
  source_id: string | null;
  scheme: SourceScheme | null;
  rules: unknown;
  addresses: string[] | null;
  max_body_bytes: number | null;
  redaction: unknown;
  search_fields: string[] | null;
  secret_box: Buffer | null;
  previous_secret_box: Buffer | null;
  previous_secret_until: Date | null;
  endpoints: { id: string; eventTypes: string[]; enabled: boolean; settings: unknown }[] | null;
};

export const sourcePurpose = (id: string) => `webhook_sources:${id}`;

/** The public key of a source whose sender signs with a private one; null if it has a shared secret. */
export function publicKeyOf(
  { id, scheme, secret_box: box }: { id: string; scheme: SourceScheme | null; secret_box: Buffer | null },
  secrets: SecretBox,
): string | null {
  if (scheme !== "standard" || box === null) return null;
  try {
    const secret = secrets.open(box, sourcePurpose(id));
    return isPublicKey(secret) ? secret : null;
  } catch {
    // Sealed with another key of the installation: the intake says so, the list is shown all the same.
    return null;
  }
}

/**
 * Looks up sources by the names in the intake path and caches them for 1 s, so that a stream of events costs
 * one query per second and source. A change in this process applies at once, one made elsewhere within 1 s.
 */
export function createDirectory(database: Database, secrets: SecretBox, clock: Clock) {
  const known = new Map<string, { until: number; address: Promise<IntakeAddress | null> }>();

  async function read(organization: string, source: string): Promise<IntakeAddress | null> {
    const { rows } = await sql<Row>`
      select o.id as org_id, s.id as source_id, s.scheme, s.rules, s.addresses, s.max_body_bytes, s.redaction, s.search_fields,
        s.secret_box, s.previous_secret_box, s.previous_secret_until,
        (select json_agg(json_build_object('id', e.id, 'eventTypes', e.event_types, 'enabled', e.enabled,
            'settings', e.settings))
         from webhook_endpoints e where e.org_id = o.id and e.deleted_at is null) as endpoints
      from organizations o
      left join webhook_sources s on s.org_id = o.id and s.slug = ${source} and s.deleted_at is null
      where o.slug = ${organization} or o.id::text = ${organization}
    `.execute(database.system);
    const row = rows[0];
    if (!row) return null;
    const { org_id: organizationId, source_id: sourceId, scheme } = row;
    if (sourceId === null || scheme === null) return { organizationId, target: null };
    return {
      organizationId,
      target: {
        organizationId,
        sourceId,
        scheme,
        rules: sourceRules.parse(row.rules),
        addresses: row.addresses ?? [],
        maxBodyBytes: row.max_body_bytes ?? bodyLimit.defaultBytes,
        redaction: sourceRedaction.parse(row.redaction ?? {}),
        searchFields: row.search_fields ?? [],
        secrets: secretsOf(sourceId, row),
        endpoints: (row.endpoints ?? []).map(({ id, eventTypes, enabled, settings }) => {
          const { bodyFilter, retryScheduleMs, orderBy } = endpointSettings.parse(settings);
          return { id, eventTypes, enabled, bodyFilter, retryScheduleMs, orderBy };
        }),
      },
    };
  }

  function secretsOf(sourceId: string, row: Row): IntakeTarget["secrets"] {
    const { secret_box: box, previous_secret_box: previous, previous_secret_until: until } = row;
    const open = (sealed: Buffer) => secrets.open(sealed, sourcePurpose(sourceId));
    return [
      ...(box === null ? [] : [{ secret: open(box), untilMs: Number.POSITIVE_INFINITY }]),
      ...(previous === null || until === null ? [] : [{ secret: open(previous), untilMs: until.getTime() }]),
    ];
  }

  return {
    /** @throws when the database is unavailable; errors are not cached. */
    find(organization: string, source: string): Promise<IntakeAddress | null> {
      const key = `${organization}/${source}`;
      const found = known.get(key);
      if (found && found.until > clock.now()) return found.address;
      const address = within(readTimeoutMs, read(organization, source));
      known.delete(key);
      known.set(key, { until: clock.now() + lifetimeMs, address });
      address.catch(() => known.delete(key));
      for (const oldest of known.keys()) {
        if (known.size <= maxEntries) break;
        known.delete(oldest);
      }
      return address;
    },
    forget: () => known.clear(),
  };
}

export type Directory = ReturnType<typeof createDirectory>;
