import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { AuditTrail } from "#lib/change.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { createUpkeep } from "#lib/time/upkeep.ts";
import type { AuditStore } from "../reading/reading.ts";
import type { AuditIntake } from "../writing/writing.ts";
import { createAuditCheckpoints } from "./checkpoints.ts";
import { auditSeedFrom, openAuditKeys } from "./keys.ts";
import { auditProofRoutes } from "./routes.ts";
import { createProofService } from "./service.ts";
import { createFileSink } from "./sink-file.ts";
import { createS3Sink, type S3SinkOptions } from "./sink-s3.ts";
import { createAuditSinks } from "./sinks.ts";
import { createAuditVerifier } from "./verify.ts";

export { auditKeyIdOf, auditSeedFrom, trustedKeysOf } from "./keys.ts";
export { verifyExport } from "./offline.ts";

export type ProofConfig = {
  /** Seed of the signing key, 32 bytes in base64; undefined to derive it from the secret key. */
  signingSeed: string | undefined;
  s3: S3SinkOptions | undefined;
};

type ProofDeps = {
  database: Database;
  store: AuditStore;
  trail: AuditTrail;
  intake: AuditIntake;
  config: ProofConfig;
  dataDir: string;
  secretKey: string;
  clock: Clock;
  log: Logger;
};

const lookEveryMs = 30_000;

/** Proof of the audit trail: keys, checkpoints, sinks, and verification. */
export function createAuditProof(deps: ProofDeps) {
  const { database, store, trail, intake, config, dataDir, secretKey, clock, log } = deps;
  const keys = openAuditKeys({
    seed: config.signingSeed ?? auditSeedFrom(secretKey),
    publicKeysFile: join(dataDir, "audit-public-keys.pem"),
    log,
  });
  const checkpoints = createAuditCheckpoints({ database, keys, clock });
  const file = createFileSink(join(dataDir, "audit-checkpoints"));
  const s3 = config.s3 ? createS3Sink({ options: config.s3, database, clock }) : undefined;
  const sinks = createAuditSinks({
    database,
    checkpoints,
    log,
    sinks: [file, ...(s3 ? [s3] : [])],
  });
  const inside = {
    newest: async (id: string) => (await checkpoints.newest(id))?.checkpoint.number ?? 0,
    lines: (id: string) => checkpoints.lines(id),
  };
  const verifier = createAuditVerifier({ database, clock, keys, inside, outside: file });
  const service = createProofService({ checkpoints, keys, sinks, verifier, store, trail, log });
  const upkeep = createUpkeep({
    log,
    everyMs: lookEveryMs,
    tasks: { "audit checkpoints": checkpoints.makeDue, "audit sinks": sinks.flush },
  });
  return {
    routes: (app: FastifyInstance) => auditProofRoutes(app, { intake, proof: service }),
    start: upkeep.start,
    stop: upkeep.stop,
    /** Breakers of its calls to servers outside. */
    breakers: s3 ? [s3.breaker] : [],
  };
}
