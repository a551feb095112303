import { createHash } from "node:crypto";
import type { auditOutcomes } from "@wheelhouse/shared/audit/filter.ts";
import canonicalize from "canonicalize";
import type { ActOrigin, AuditEntry, AuditFields } from "#lib/change.ts";
import type { Actor } from "#lib/http/request-context.ts";
import { allowedFields } from "./fields.ts";
import { redactNamed, redactSecrets } from "./redaction.ts";

/** Increased when the meaning of a field changes; readers keep supporting older events. */
const schemaVersion = 2;
const textLengthMax = 1_000;
const listLengthMax = 100;
const contentBytesMax = 60_000;

export type AuditOutcome = (typeof auditOutcomes)[number];

export type Act = {
  id: string;
  /** Server time of the transaction, ISO 8601 with milliseconds. */
  recordedAt: string;
  action: string;
  outcome: AuditOutcome;
  entry: AuditEntry;
  /** Set for events reported by a platform; `origin` is then the reporter. */
  reported?: ReportedAct | undefined;
};

/** Fields that only a platform can know about its own event. */
export type ReportedAct = {
  occurredAt: string | null;
  actor: { id: string | null; name: string; authMethod: string };
  impersonator: { id: string; name: string } | null;
  address: string | null;
  userAgent: string | null;
  requestId: string | null;
};

// Postgres stores neither NUL nor unpaired surrogates, and text from outside may contain both.
const clean = (text: string, lengthMax = textLengthMax) =>
  redactSecrets(text.slice(0, 4 * lengthMax))
    .replaceAll("\u0000", "\ufffd")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .slice(0, lengthMax)
    .replace(/\p{Surrogate}$/u, "");

function cleanFields(fields: AuditFields | null | undefined): AuditFields | null {
  if (!fields) return null;
  const kept = Object.entries(fields).slice(0, listLengthMax);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (typeof value === "string") return [clean(name, 100), redactNamed(name) ?? clean(value)];
      if (Array.isArray(value))
        return [
          clean(name, 100),
          redactNamed(name) ?? value.slice(0, listLengthMax).map((text) => clean(text, 200)),
        ];
      // JSON has no NaN and no infinity.
      if (typeof value === "number" && !Number.isFinite(value)) return [clean(name, 100), null];
      return [clean(name, 100), value];
    }),
  );
}

/**
 * The canonical bytes (RFC 8785) of an event: hashed, stored, exported and verified. A session is included as
 * a hash, so that its actions can be grouped but nothing in the trail gives access to it.
 */
export function auditContent(
  origin: ActOrigin,
  { id, recordedAt, action, outcome, entry, reported }: Act,
): string {
  const { actor, organization } = origin;
  const from = reported ?? origin;
  // The allowed fields of a platform's own actions are known only to the platform.
  const kept = (fields: AuditEntry["before"]) => (reported ? fields : allowedFields(action, outcome, fields));
  const event = {
    schemaVersion,
    id,
    organization: { id: organization.id, slug: organization.slug, name: organization.name },
    recordedAt,
    occurredAt: reported?.occurredAt ?? null,
    action,
    outcome,
    reason: entry.reason ? clean(entry.reason) : null,
    actor: reported ? externalActor(reported) : ownActor(actor),
    impersonator: impersonatorOf(actor, reported),
    reportedBy: reported ? ownActor(actor) : null,
    targets: entry.targets.slice(0, listLengthMax).map(({ type, id: targetId, name }) => ({
      type: clean(type, 100),
      id: clean(targetId, 300),
      name: clean(name, 300),
    })),
    before: cleanFields(kept(entry.before)),
    after: cleanFields(kept(entry.after)),
    address: from.address,
    userAgent: from.userAgent ? clean(from.userAgent, 300) : null,
    requestId: from.requestId ? clean(from.requestId, 100) : null,
  };
  const content = canonical(event);
  if (Buffer.byteLength(content) <= contentBytesMax) return content;
  const cut = { tooLarge: true };
  return canonical({ ...event, targets: event.targets.slice(0, 20), before: cut, after: cut });
}

const ownActor = (actor: Actor) => ({
  type: actor.type,
  id: actor.id,
  display: clean(actor.display, 300),
  authMethod: actor.authMethod,
  session: actor.sessionId ? createHash("sha256").update(actor.sessionId).digest("hex").slice(0, 16) : null,
});

const externalActor = ({ actor }: ReportedAct) => ({
  type: "external",
  id: actor.id === null ? null : clean(actor.id, 300),
  display: clean(actor.name, 300),
  authMethod: actor.authMethod,
  session: null,
});

function impersonatorOf(actor: Actor, reported: ReportedAct | undefined) {
  if (reported)
    return reported.impersonator
      ? { id: clean(reported.impersonator.id, 300), display: clean(reported.impersonator.name, 300) }
      : null;
  return actor.impersonator
    ? { id: actor.impersonator.id, display: clean(actor.impersonator.display, 300) }
    : null;
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("an audit event has no canonical form");
  return text;
}

/** SHA-256 of the stored bytes, as the sealing trigger computes it. */
export const contentHash = (content: string) => createHash("sha256").update(content, "utf8").digest();

/**
 * Hash of a chain link: SHA-256 over version, organization, number, event id, content hash and previous hash,
 * each prefixed with its length in 4 bytes. Duplicates `wheelhouse.audit_link_hash` on purpose, so that
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
