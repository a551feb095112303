import { createHash } from "node:crypto";
import { type AuditCheckpoint, auditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import canonicalize from "canonicalize";
import type { AuditKeys, TrustedKeys } from "./keys.ts";

type Unsigned = Omit<AuditCheckpoint, "signature">;

const canonical = (value: unknown) => {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("a checkpoint has no canonical form");
  return text;
};

/** The `previous` field of the following checkpoint; zeros for the first. */
export const digestOfLine = (line: string | undefined) =>
  line === undefined ? "0".repeat(64) : createHash("sha256").update(line).digest("hex");

export function signCheckpoint(said: Omit<Unsigned, "format" | "keyId">, keys: AuditKeys): string {
  const unsigned: Unsigned = { format: "wheelhouse-checkpoint-1", ...said, keyId: keys.keyId };
  const signature = keys.sign(Buffer.from(canonical(unsigned))).toString("base64");
  return canonical({ ...unsigned, signature });
}

/** @throws if the line is not a checkpoint. */
export const parseCheckpoint = (line: string): AuditCheckpoint => auditCheckpoint.parse(JSON.parse(line));

export type ReadCheckpoint = { checkpoint: AuditCheckpoint; line: string };

/**
 * Checks one checkpoint of a series: signed by a trusted key, next in number, and linked to the previous
 * line.
 * @param before the previous checkpoint; undefined if the series may start anywhere.
 * @returns what is wrong with it, or undefined.
 */
export function checkpointProblem(
  { checkpoint, line }: ReadCheckpoint,
  before: ReadCheckpoint | undefined,
  keys: TrustedKeys,
): string | undefined {
  const { signature, ...unsigned } = checkpoint;
  const name = `checkpoint ${checkpoint.number}`;
  if (!keys.has(checkpoint.keyId))
    return `${name} is signed with key ${checkpoint.keyId}, which is not trusted`;
  if (
    line !== canonical(checkpoint) ||
    !keys.verifies(checkpoint.keyId, Buffer.from(canonical(unsigned)), Buffer.from(signature, "base64"))
  )
    return `the signature of ${name} is invalid`;
  if (!before) return undefined;
  if (checkpoint.orgId !== before.checkpoint.orgId) return `${name} belongs to another organization`;
  if (checkpoint.number !== before.checkpoint.number + 1)
    return `${name} does not follow checkpoint ${before.checkpoint.number}`;
  if (checkpoint.previous !== digestOfLine(before.line))
    return `${name} does not contain the hash of the previous checkpoint`;
  if (checkpoint.seq < before.checkpoint.seq)
    return `${name} covers fewer events than the previous checkpoint`;
  return undefined;
}
