import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
/** First 16 hex digits of the sha256 of the public key (SPKI, DER). */
const keyId = z.string().regex(/^[0-9a-f]{16}$/);

/**
 * The signed end of an organization's chain. Stored, exported and handed out as one line of canonical JSON (RFC 8785);
 * `signature` is Ed25519 in base64 over the same line without it. Its number has no gap within the organization.
 */
export const auditCheckpoint = z.strictObject({
  format: z.literal("wheelhouse-checkpoint-1"),
  orgId: z.uuid(),
  number: z.number().int().min(1),
  /** Last event that the chain had. */
  seq: z.number().int().min(1),
  /** Hash of that event's link. */
  hash: sha256Hex,
  /** sha256 of the whole line of the checkpoint before it; zeros for the first. */
  previous: sha256Hex,
  at: timestamp,
  keyId,
  signature: z.base64(),
});
export type AuditCheckpoint = z.infer<typeof auditCheckpoint>;

/** What the trail is proved by: its end, the newest signed end, who signs, and where signed ends are kept. */
export const auditProof = z.object({
  headSeq: z.number().int(),
  checkpoint: auditCheckpoint.nullable(),
  keys: z.array(z.object({ keyId, publicKeyPem: z.string(), signsNow: z.boolean() })),
  sinks: z.array(
    z.object({
      name: z.string(),
      /** Newest checkpoint of this organization that it holds; 0 when none. */
      number: z.number().int(),
      /** Why it could not be written the last time. */
      problem: z.string().nullable(),
    }),
  ),
});
export type AuditProof = z.infer<typeof auditProof>;

export const readAuditProof = defineEndpoint({
  method: "GET",
  path: "/audit/proof",
  summary: "The end of the chain, the newest checkpoint, public keys, and the sinks that hold checkpoints",
  access: "audit:read",
  response: auditProof,
});

export const listAuditCheckpoints = defineEndpoint({
  method: "GET",
  path: "/audit/checkpoints",
  summary: "Signed checkpoints of the organization's chain, newest first",
  access: "audit:read",
  query: z.strictObject(paging),
  response: page(auditCheckpoint),
});

export const createAuditCheckpoint = defineEndpoint({
  method: "POST",
  path: "/audit/checkpoints",
  summary: "Sign the end of the chain now instead of within ten minutes",
  access: "audit:verify",
  action: "audit.checkpoint.create",
  keeps: [],
  response: auditCheckpoint,
  status: 201,
});

export const downloadAuditCheckpoints = defineEndpoint({
  method: "GET",
  path: "/audit/checkpoints/download",
  summary:
    "All checkpoints of the organization, oldest first, one a line: what verify-audit compares an export with",
  access: "audit:read",
  stream: "ndjson",
  response: auditCheckpoint,
});

/** `expired`: content that was let go under a checkpoint is no fault; it is counted, not judged. */
export const auditVerification = z.object({
  type: z.literal("result"),
  verifiedAt: timestamp,
  /** Number of the last event up to which everything holds; 0 when there is none. */
  verifiedToSeq: z.number().int(),
  /** Newest checkpoint that the chain agrees with. */
  checkpoint: z.object({ number: z.number().int(), seq: z.number().int(), keyId, at: timestamp }).nullable(),
  /** Checkpoints compared. */
  checkpoints: z.number().int(),
  expired: z
    .object({ events: z.number().int(), toSeq: z.number().int(), checkpointNumber: z.number().int() })
    .nullable(),
  firstBad: z.object({ seq: z.number().int(), problem: z.string() }).nullable(),
});
export type AuditVerification = z.infer<typeof auditVerification>;

export const auditVerificationLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), seq: z.number().int(), of: z.number().int() }),
  auditVerification,
  /** The walk itself failed; nothing is said about the trail. */
  z.object({ type: z.literal("error"), message: z.string() }),
]);
export type AuditVerificationLine = z.infer<typeof auditVerificationLine>;

export const verifyAudit = defineEndpoint({
  method: "GET",
  path: "/audit/verify",
  summary:
    "Walk the organization's chain, recompute every hash, compare with every checkpoint, name the first event that does not hold. Lines of progress, then the result; closing the connection ends the walk",
  access: "audit:verify",
  action: "audit.trail.verify",
  keeps: ["verifiedToSeq", "problem", "checkpoint", "keyId", "cancelled", "reachedSeq"],
  stream: "ndjson",
  response: auditVerificationLine,
});
