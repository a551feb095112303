import { createHash } from "node:crypto";
import type { auditOutcomes } from "@wheelhouse/shared/audit.ts";
import canonicalize from "canonicalize";
import type { ActOrigin, AuditEntry, AuditFields } from "#lib/change.ts";

/** Raised when the meaning of a field changes; readers keep understanding older events. */
const schemaVersion = 1;
const textLengthMax = 1_000;
const listLengthMax = 100;
const contentBytesMax = 60_000;

export type AuditOutcome = (typeof auditOutcomes)[number];

export type Act = {
  id: string;
  /** Server time of the transaction, ISO with milliseconds. */
  recordedAt: string;
  action: string;
  outcome: AuditOutcome;
  entry: AuditEntry;
};

// Postgres stores neither NUL nor half of a surrogate pair, and text from outside may hold both.
const clean = (text: string, lengthMax = textLengthMax) =>
  text
    .replaceAll("\u0000", "\ufffd")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .slice(0, lengthMax)
    .replace(/\p{Surrogate}$/u, "");

function cleanFields(fields: AuditFields | null | undefined): AuditFields | null {
  if (!fields) return null;
  const kept = Object.entries(fields).slice(0, listLengthMax);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (typeof value === "string") return [clean(name, 100), clean(value)];
      if (Array.isArray(value))
        return [clean(name, 100), value.slice(0, listLengthMax).map((text) => clean(text, 200))];
      // JSON knows no NaN and no infinity.
      if (typeof value === "number" && !Number.isFinite(value)) return [clean(name, 100), null];
      return [clean(name, 100), value];
    }),
  );
}

/**
 * The canonical bytes (RFC 8785) of an event: what is hashed, stored, exported and verified. A session appears as a
 * hash, so that its acts can be told apart and nothing in the trail opens it.
 */
export function auditContent(origin: ActOrigin, { id, recordedAt, action, outcome, entry }: Act): string {
  const { actor, organization } = origin;
  const event = {
    schemaVersion,
    id,
    organization: { id: organization.id, slug: organization.slug, name: organization.name },
    recordedAt,
    action,
    outcome,
    reason: entry.reason ? clean(entry.reason) : null,
    actor: {
      type: actor.type,
      id: actor.id,
      display: clean(actor.display, 300),
      authMethod: actor.authMethod,
      session: actor.sessionId
        ? createHash("sha256").update(actor.sessionId).digest("hex").slice(0, 16)
        : null,
    },
    targets: entry.targets.slice(0, listLengthMax).map(({ type, id: targetId, name }) => ({
      type: clean(type, 100),
      id: clean(targetId, 300),
      name: clean(name, 300),
    })),
    before: cleanFields(entry.before),
    after: cleanFields(entry.after),
    address: origin.address,
    userAgent: origin.userAgent ? clean(origin.userAgent, 300) : null,
    requestId: origin.requestId ? clean(origin.requestId, 100) : null,
  };
  const content = canonical(event);
  if (Buffer.byteLength(content) <= contentBytesMax) return content;
  const cut = { tooLarge: true };
  return canonical({ ...event, targets: event.targets.slice(0, 20), before: cut, after: cut });
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("an audit event has no canonical form");
  return text;
}

/** sha256 of the stored bytes, as the sealing trigger computes it. */
export const contentHash = (content: string) => createHash("sha256").update(content, "utf8").digest();

/**
 * Hash of a link of the chain: sha256 over version, organization, number, event id, content hash and previous hash,
 * each with its length in 4 bytes in front. Mirrors `wheelhouse.audit_link_hash`; written twice on purpose, so that
 * verification does not trust the database it checks.
 */
export function linkHash(link: {
  organizationId: string;
  seq: number;
  auditId: string;
  contentHash: Buffer;
  previous: Buffer;
}): Buffer {
  const hash = createHash("sha256");
  for (const part of [
    Buffer.from("wheelhouse-audit-1"),
    Buffer.from(link.organizationId),
    Buffer.from(String(link.seq)),
    Buffer.from(link.auditId),
    link.contentHash,
    link.previous,
  ]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return hash.digest();
}
