import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { AuditTrail } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import { createUpkeep } from "#lib/upkeep.ts";
import { createAuditCheckpoints } from "./audit-checkpoints.ts";
import type { AuditIntake } from "./audit-intake.ts";
import { auditSeedFrom, openAuditKeys } from "./audit-keys.ts";
import { auditProofRoutes } from "./audit-proof-routes.ts";
import { createProofService } from "./audit-proof-service.ts";
import { createFileSink } from "./audit-sink-file.ts";
import { createS3Sink, type S3SinkOptions } from "./audit-sink-s3.ts";
import { createAuditSinks } from "./audit-sinks.ts";
import type { AuditStore } from "./audit-store.ts";
import { createAuditVerifier } from "./audit-verify.ts";

export type ProofConfig = {
  /** 32 bytes in base64 from which the signing key is made; undefined: derived from the secret key. */
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

/** Everything that proves the trail: keys, checkpoints, the places that keep them, and the walk that compares. */
export function createAuditProof(deps: ProofDeps) {
  const { database, store, trail, intake, config, dataDir, secretKey, clock, log } = deps;
  const keys = openAuditKeys({
    seed: config.signingSeed ?? auditSeedFrom(secretKey),
    publicKeysFile: join(dataDir, "audit-public-keys.pem"),
    log,
  });
  const checkpoints = createAuditCheckpoints({ database, keys, clock });
  const file = createFileSink(join(dataDir, "audit-checkpoints"));
  const sinks = createAuditSinks({
    database,
    checkpoints,
    log,
    sinks: [file, ...(config.s3 ? [createS3Sink({ options: config.s3, database, clock })] : [])],
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
  };
}
