import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
/** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
const keyId = z.string().regex(/^[0-9a-f]{16}$/);

/**
 * The signed head of an organization's chain. Stored, exported and returned as one line of canonical JSON
 * (RFC 8785); `signature` is Ed25519 in base64 over the same line without the signature. `number` has no gaps
 * within an organization.
 */
export const auditCheckpoint = z.strictObject({
  format: z.literal("wheelhouse-checkpoint-1"),
  orgId: z.uuid(),
  number: z.number().int().min(1),
  /** Number of the chain's last event. */
  seq: z.number().int().min(1),
  /** Hash of that event's link. */
  hash: sha256Hex,
  /** SHA-256 of the whole line of the previous checkpoint; zeros for the first. */
  previous: sha256Hex,
  at: timestamp,
  keyId,
  signature: z.base64(),
});
export type AuditCheckpoint = z.infer<typeof auditCheckpoint>;

/**
 * The evidence for the trail: its head, the newest checkpoint, public keys, and the sinks that store
 * checkpoints.
 */
export const auditProof = z.object({
  headSeq: z.number().int(),
  checkpoint: auditCheckpoint.nullable(),
  /** The newest verification that came to an end, as the trail recorded it; null if there is none. */
  verification: z
    .object({
      at: timestamp,
      verifiedToSeq: z.number().int(),
      keyId: z.string().nullable(),
      /** The first fault that it found. */
      problem: z.string().nullable(),
    })
    .nullable(),
  keys: z.array(z.object({ keyId, publicKeyPem: z.string(), signsNow: z.boolean() })),
  sinks: z.array(
    z.object({
      name: z.string(),
      /** Newest checkpoint of this organization in the sink; 0 if none. */
      number: z.number().int(),
      /** Why the last write failed. */
      problem: z.string().nullable(),
    }),
  ),
});
export type AuditProof = z.infer<typeof auditProof>;

export const readAuditProof = defineEndpoint({
  method: "GET",
  path: "/audit/proof",
  summary:
    "Get the head of the chain, the newest checkpoint, public keys, and the sinks that store checkpoints",
  access: "audit:read",
  response: auditProof,
});

export const listAuditCheckpoints = defineEndpoint({
  method: "GET",
  path: "/audit/checkpoints",
  summary: "List signed checkpoints of the organization's chain, newest first",
  access: "audit:read",
  query: z.strictObject(paging),
  response: page(auditCheckpoint),
});

export const createAuditCheckpoint = defineEndpoint({
  method: "POST",
  path: "/audit/checkpoints",
  summary: "Sign the head of the chain now instead of within ten minutes",
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
    "Stream all checkpoints of the organization, oldest first, one per line, as input for verify-audit",
  access: "audit:read",
  stream: "ndjson",
  response: auditCheckpoint,
});

/** `expired`: content that expired under a checkpoint is not a fault; it is counted but not verified. */
export const auditVerification = z.object({
  type: z.literal("result"),
  verifiedAt: timestamp,
  /** Number of the last event up to which verification succeeded; 0 if none. */
  verifiedToSeq: z.number().int(),
  /** Newest checkpoint that matches the chain. */
  checkpoint: z.object({ number: z.number().int(), seq: z.number().int(), keyId, at: timestamp }).nullable(),
  /** Number of checkpoints compared. */
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
  /** The verification itself failed; it says nothing about the trail. */
  z.object({ type: z.literal("error"), message: z.string() }),
]);
export type AuditVerificationLine = z.infer<typeof auditVerificationLine>;

export const verifyAudit = defineEndpoint({
  method: "GET",
  path: "/audit/verify",
  summary:
    "Verify the organization's chain: recompute every hash, compare every checkpoint, and report the first invalid event. Streams progress, then the result; closing the connection cancels the verification",
  access: "audit:verify",
  action: "audit.trail.verify",
  keeps: ["verifiedToSeq", "problem", "checkpoint", "keyId", "cancelled", "reachedSeq"],
  stream: "ndjson",
  response: auditVerificationLine,
});
