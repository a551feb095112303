import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { type CallBreaker, createCallBreaker } from "#lib/http/call-breaker.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { AuditSink } from "./sinks.ts";

export type S3SinkOptions = {
  /** Path-style address of bucket and prefix: `https://s3.example.com/bucket/prefix`. */
  url: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Days of object lock in COMPLIANCE mode; undefined for the bucket's default. */
  lockDays: number | undefined;
};

const timeoutMs = 10_000;
const failuresMax = 3;
const coolDownMs = 30_000;
const dayMs = 24 * 3_600_000;

/**
 * Checkpoints as objects `<url>/<organization id>/<number, 12 digits>.json` on an S3-compatible server,
 * written once: `If-None-Match: *` prevents overwriting, and an existing object must be identical.
 */
export function createS3Sink(deps: {
  options: S3SinkOptions;
  database: Database;
  clock: Clock;
}): AuditSink & { breaker: CallBreaker } {
  const { options, database, clock } = deps;
  const { url, region, accessKeyId, secretAccessKey, lockDays } = options;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
  const name = `s3 ${url}`;
  const breaker = createCallBreaker({
    name: "audit object store",
    failuresMax,
    coolDownMs,
    // Answers below 500 do not throw: they concern a request or its credentials, not the server.
    isFailure: () => true,
    clock,
  });

  async function send(
    address: string,
    init: { method: string; body?: string; headers: Record<string, string> },
  ) {
    const request = await client.sign(address, init);
    return breaker.run(async () => {
      const response = await fetch(request, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
      if (response.status < 500) return response;
      await response.body?.cancel();
      throw new Error(`the object store responded with ${response.status}`);
    });
  }

  /** @returns false if the server reports no object. */
  async function isThere(address: string, line: string): Promise<boolean> {
    const there = await send(address, { method: "GET", headers: {} });
    if (!there.ok) {
      await there.body?.cancel();
      return false;
    }
    if ((await there.text()) !== line)
      throw new Error(`the object store has a different checkpoint at ${new URL(address).pathname}`);
    return true;
  }

  async function put(address: string, line: string) {
    // Some servers ignore `If-None-Match` and would overwrite the object.
    if (await isThere(address, line)) return;
    const sha256 = createHash("sha256").update(line).digest();
    const response = await send(address, {
      method: "PUT",
      body: line,
      headers: {
        "content-type": "application/json",
        "if-none-match": "*",
        "x-amz-content-sha256": sha256.toString("hex"),
        "x-amz-checksum-sha256": sha256.toString("base64"),
        ...(lockDays === undefined
          ? {}
          : {
              "x-amz-object-lock-mode": "COMPLIANCE",
              "x-amz-object-lock-retain-until-date": new Date(clock.now() + lockDays * dayMs).toISOString(),
            }),
      },
    });
    await response.body?.cancel();
    if (response.ok) return;
    if (response.status === 412 && (await isThere(address, line))) return;
    throw new Error(`the object store responded with ${response.status}`);
  }

  return {
    name,
    breaker,
    async newest(organizationId) {
      const row = await database.system
        .selectFrom("audit_sink_state")
        .select("number")
        .where("sink", "=", name)
        .where("org_id", "=", organizationId)
        .executeTakeFirst();
      return row?.number ?? 0;
    },
    async add(organizationId, lines) {
      for (const { number, line } of lines) {
        await put(`${url}/${organizationId}/${String(number).padStart(12, "0")}.json`, line);
        await database.system
          .insertInto("audit_sink_state")
          .values({ sink: name, org_id: organizationId, number })
          .onConflict((conflict) =>
            conflict.columns(["sink", "org_id"]).doUpdateSet({ number, updated_at: new Date(clock.now()) }),
          )
          .execute();
      }
    },
  };
}
