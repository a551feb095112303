import { sql } from "kysely";
import { createGroupCommit } from "#lib/postgres/group-commit.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import { type EndpointTerms, openTerms, type StoredTerms } from "../directory/directory.ts";

const mostKept = 5_000;

type Row = StoredTerms & { id: string; version: number };

/**
 * How each endpoint wants to be called. Read once before the first attempt, then kept and renewed by the claims, which
 * bring the version with them; so no bound of an endpoint is missed, and boxes are opened once per version.
 */
export function createTerms(database: Database, secrets: SecretBox) {
  /** The least recently used first. */
  const known = new Map<string, { version: number; terms: EndpointTerms }>();

  const reads = createGroupCommit<string, Row | null>({
    async write(ids) {
      const { rows } = await sql<Row>`
        select id, version, settings, headers, secret_box, previous_secret_box, previous_secret_until
        from webhook_endpoints where id = any(${[...new Set(ids)]}::uuid[])
      `.execute(database.system);
      return ids.map((id) => rows.find((row) => row.id === id) ?? null);
    },
  });

  function keep(endpointId: string, version: number, stored: StoredTerms): EndpointTerms {
    const kept = known.get(endpointId);
    known.delete(endpointId);
    const terms = kept?.version === version ? kept.terms : openTerms(secrets, endpointId, stored);
    known.set(endpointId, { version, terms });
    const [oldest] = known.keys();
    if (known.size > mostKept && oldest !== undefined) known.delete(oldest);
    return terms;
  }

  return {
    keep,
    /** What was last known; null if there is no such endpoint. @throws when the database is away. */
    async of(endpointId: string): Promise<EndpointTerms | null> {
      const kept = known.get(endpointId);
      if (kept) return kept.terms;
      const row = await reads.add(endpointId);
      return row && keep(endpointId, row.version, row);
    },
  };
}

export type Terms = ReturnType<typeof createTerms>;
