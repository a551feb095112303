import { z } from "zod";
import type { ProofConfig } from "#features/audit/proof/proof.ts";

/** Variables of the audit proof; part of `config.ts`. */
export const auditVariables = {
  WHEELHOUSE_AUDIT_KEY: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_URL: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_REGION: z.string().default("us-east-1"),
  WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: z.string().optional(),
  WHEELHOUSE_AUDIT_S3_LOCK_DAYS: z.coerce.number().optional(),
} as const;

const object = z.object(auditVariables);

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
