import { z } from "zod";
import type { ProofConfig } from "#features/audit/proof/proof.ts";

const base64Bytes = (text: string, length: number) =>
  /^[A-Za-z0-9+/]+=*$/.test(text) && Buffer.from(text, "base64").length === length;

/** Variables of the audit proof; part of `config.ts`. */
export const auditVariables = {
  WHEELHOUSE_AUDIT_KEY: z
    .string()
    .refine((text) => base64Bytes(text, 32), "must be 32 random bytes in base64 (openssl rand -base64 32)")
    .optional(),
  WHEELHOUSE_AUDIT_S3_URL: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:\/\/[^/]+\/[^?#]+$/.test(text),
      "must be the URL of a bucket and prefix, such as https://s3.example.com/bucket/audit",
    )
    .optional(),
  WHEELHOUSE_AUDIT_S3_REGION: z.string().default("us-east-1"),
  WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_LOCK_DAYS: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) > 0, "must be a whole number of days")
    .transform(Number)
    .optional(),
} as const;

const object = z.object(auditVariables);

/** The S3 variables that `WHEELHOUSE_AUDIT_S3_URL` requires and that are missing. */
export const missingAuditVariables = (given: Readonly<Record<string, unknown>>) =>
  given.WHEELHOUSE_AUDIT_S3_URL === undefined
    ? []
    : (["WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID", "WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY"] as const).filter(
        (name) => given[name] === undefined,
      );

export function auditConfig(read: z.output<typeof object>): ProofConfig {
  const { WHEELHOUSE_AUDIT_S3_URL: url } = read;
  return {
    signingSeed: read.WHEELHOUSE_AUDIT_KEY,
    s3:
      url === undefined
        ? undefined
        : {
            url: url.replace(/\/+$/, ""),
            region: read.WHEELHOUSE_AUDIT_S3_REGION,
            accessKeyId: read.WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID ?? "",
            secretAccessKey: read.WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY ?? "",
            lockDays: read.WHEELHOUSE_AUDIT_S3_LOCK_DAYS,
          },
  };
}
