import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import type { SignatureScheme } from "./signature.ts";

const lifetimeMs = 1_000;
const maxEntries = 2_000;
/** A provider is waiting for its response, so a hanging database counts as unavailable. */
const readTimeoutMs = 3_000;

/**
 * Where a posted event belongs: its source with the secret, and the enabled endpoints of the organization.
 */
export type IntakeTarget = {
  organizationId: string;
  sourceId: string;
  scheme: SignatureScheme;
  secret: string;
  endpoints: readonly { id: string; eventTypes: readonly string[] }[];
};

type Row = {
  org_id: string;
  source_id: string;
  scheme: SignatureScheme;
  secret_box: Buffer;
  endpoints: { id: string; eventTypes: string[] }[] | null;
};

export const sourcePurpose = (id: string) => `webhook_sources:${id}`;
export const endpointPurpose = (id: string) => `webhook_endpoints:${id}`;

/**
 * Looks up sources by the names in the intake path and caches them for 1 s, so that a stream of events costs
 * one query per second and source. A change in this process applies at once, one made elsewhere within 1 s.
 */
export function createDirectory(database: Database, secrets: SecretBox, clock: Clock) {
  const known = new Map<string, { until: number; target: Promise<IntakeTarget | null> }>();

  async function read(organization: string, source: string): Promise<IntakeTarget | null> {
    const { rows } = await sql<Row>`
      select s.org_id, s.id as source_id, s.scheme, s.secret_box,
        (select json_agg(json_build_object('id', e.id, 'eventTypes', e.event_types))
         from webhook_endpoints e
         where e.org_id = s.org_id and e.enabled and e.deleted_at is null) as endpoints
      from organizations o
      join webhook_sources s on s.org_id = o.id and s.slug = ${source} and s.deleted_at is null
      where o.slug = ${organization} or o.id::text = ${organization}
    `.execute(database.system);
    const row = rows[0];
    if (!row) return null;
    return {
      organizationId: row.org_id,
      sourceId: row.source_id,
      scheme: row.scheme,
      secret: secrets.open(row.secret_box, sourcePurpose(row.source_id)),
      endpoints: row.endpoints ?? [],
    };
  }

  return {
    /** @throws when the database is unavailable; errors are not cached. */
    find(organization: string, source: string): Promise<IntakeTarget | null> {
      const key = `${organization}/${source}`;
      const found = known.get(key);
      if (found && found.until > clock.now()) return found.target;
      const target = within(readTimeoutMs, read(organization, source));
      known.delete(key);
      known.set(key, { until: clock.now() + lifetimeMs, target });
      target.catch(() => known.delete(key));
      for (const oldest of known.keys()) {
        if (known.size <= maxEntries) break;
        known.delete(oldest);
      }
      return target;
    },
    forget: () => known.clear(),
  };
}

export type Directory = ReturnType<typeof createDirectory>;
