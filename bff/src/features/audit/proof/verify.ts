import type { AuditVerification, AuditVerificationLine } from "@wheelhouse/shared/audit/proof.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { parseContent } from "../reading/reading.ts";
import type { TrustedKeys } from "./keys.ts";
import { type CheckpointSource, type JudgedCheckpoint, judgeCheckpoints } from "./series.ts";
import {
  contentFault,
  isLinked,
  linkFault,
  missingContentFault,
  type Row,
  readLinks,
  type Walk,
} from "./verify-link.ts";

type VerifierDeps = {
  database: Database;
  clock: Clock;
  keys: TrustedKeys;
  /** Checkpoints in the database and, if there is one, in the external copy. */
  inside: CheckpointSource;
  outside?: CheckpointSource | undefined;
};

type Fault = { seq: number; problem: string };
type Expiry = { toSeq: number; checkpointNumber: number };
type Asked = <T>(work: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;
type Step = Exclude<AuditVerificationLine, { type: "error" }>;

const linksAtOnce = 1_000;
const progressEveryMs = 200;
const genesis = Buffer.alloc(32);

/**
 * Verifies an organization's chain from its first event: consecutive numbers, each link to the previous one,
 * each content against its hash, the filter columns against the content, and the chain against every
 * checkpoint. Then checks what the chain alone cannot show: a cut-off end, and events without a link. Reads
 * in pages with short transactions; events and links are written together, so concurrent changes do not
 * disturb it.
 */
export function createAuditVerifier({ database, clock, keys, inside, outside }: VerifierDeps) {
  return {
    /** Yields progress from time to time and the result last. Nothing keeps running after `return()`. */
    async *walk(organizationId: string): AsyncGenerator<Step> {
      const asked: Asked = (work) => database.asOrganizations([organizationId], work);
      // Read before the head, so that no checkpoint refers to an event after it.
      const { proofs, damage } = await judgeCheckpoints(organizationId, {
        inside,
        outside,
        keys,
        nowMs: clock.now(),
      });
      const { headSeq, expired } = await asked((tx) => beginningOf(tx, organizationId));
      const links = createLinkJudge({ organizationId, asked, expired });
      const checkpoints = await createComparison(proofs);
      let at: Walk = { seq: 0, hash: genesis, prev: genesis };
      let reportedAtMs = clock.now();
      const result = (fault: Fault | undefined): AuditVerification => ({
        type: "result",
        verifiedAt: new Date(clock.now()).toISOString(),
        verifiedToSeq: fault ? Math.min(at.seq, fault.seq - 1) : at.seq,
        ...checkpoints.counted(),
        expired: links.expired(),
        firstBad: fault ?? null,
      });

      try {
        yield { type: "progress", seq: 0, of: headSeq };
        while (at.seq < headSeq) {
          const afterSeq = at.seq;
          const rows = await asked((tx) => readLinks(tx, organizationId, { afterSeq, limit: linksAtOnce }));
          for (const row of rows) {
            const bad = await links.judge(row, at);
            if (bad) return yield result(bad);
            at = { seq: row.seq, hash: row.hash, prev: row.prev };
            const differing = await checkpoints.compare(at);
            if (differing) return yield result(differing);
          }
          if (rows.length < linksAtOnce) break;
          if (clock.now() - reportedAtMs >= progressEveryMs) {
            reportedAtMs = clock.now();
            yield { type: "progress", seq: at.seq, of: headSeq };
          }
        }
        const end = { end: at, headSeq, gone: links.gone() };
        yield result(
          checkpoints.cutOff(at) ??
            (await asked((tx) => problemBesideChain(tx, organizationId, end))) ??
            links.unsaid() ??
            checkpoints.spoiled() ??
            damaged(at, damage()),
        );
      } finally {
        await proofs.return(undefined);
      }
    },
  };
}
export type AuditVerifier = ReturnType<typeof createAuditVerifier>;

/** Judges link after link, and remembers whose content has expired. */
function createLinkJudge(of: { organizationId: string; asked: Asked; expired: Expiry | undefined }) {
  const { organizationId, asked, expired } = of;
  let gone = { events: 0, first: 0, last: 0 };
  let declaredTo = 0;

  // Content may expire during verification; the declaration exists by then.
  const undeclared = (row: Row) =>
    asked(async (tx) => {
      const now = await beginningOf(tx, organizationId);
      return row.seq <= (now.expired?.toSeq ?? 0) ? undefined : missingContentFault(tx, row, organizationId);
    });

  return {
    async judge(row: Row, before: Walk): Promise<Fault | undefined> {
      if (!isLinked(row, before, organizationId))
        return asked((tx) => linkFault(tx, { row, before, organizationId }));
      if (row.content === null) {
        if (row.seq > (expired?.toSeq ?? 0)) return undeclared(row);
        gone = { events: gone.events + 1, first: gone.first || row.seq, last: row.seq };
        return undefined;
      }
      const problem = contentFault(row, row.content, organizationId);
      if (problem) return { seq: row.seq, problem };
      if (row.action === "audit.content.expire") declaredTo = Math.max(declaredTo, expiryOf(row.content));
      return undefined;
    },
    gone: () => gone.events,
    expired: (): AuditVerification["expired"] =>
      gone.events > 0 && expired
        ? { events: gone.events, toSeq: expired.toSeq, checkpointNumber: expired.checkpointNumber }
        : null,
    /** Content that is gone although the trail does not say so. */
    unsaid: () => unsaid(gone, declaredTo),
  };
}

/** Compares the chain with one checkpoint after the other as it passes them. */
async function createComparison(proofs: AsyncGenerator<JudgedCheckpoint>) {
  let next = await take(proofs);
  let matched: JudgedCheckpoint["checkpoint"] | undefined;
  let spoiled: Fault | undefined;
  let compared = 0;

  return {
    /** The fault of a signed checkpoint that disagrees with the chain up to `at`. */
    async compare(at: Walk): Promise<Fault | undefined> {
      while (next && next.checkpoint.seq <= at.seq) {
        const { checkpoint, problem, isSigned } = next;
        compared += 1;
        if (problem) spoiled ??= { seq: checkpoint.seq, problem };
        if (isSigned && (checkpoint.hash !== at.hash.toString("hex") || checkpoint.seq !== at.seq))
          return rewritten(matched, checkpoint);
        if (!problem) matched = checkpoint;
        next = await take(proofs);
      }
      return undefined;
    },
    counted: () => ({
      checkpoint: matched
        ? { number: matched.number, seq: matched.seq, keyId: matched.keyId, at: matched.at }
        : null,
      checkpoints: compared,
    }),
    /** A checkpoint beyond the end of the chain. */
    cutOff: (end: Walk) => next && cutOff(end, next),
    /** The first checkpoint that cannot be trusted itself. */
    spoiled: () => spoiled,
  };
}

async function take(proofs: AsyncGenerator<JudgedCheckpoint>): Promise<JudgedCheckpoint | undefined> {
  const { done, value } = await proofs.next();
  return done ? undefined : value;
}

const named = ({ number, at, keyId }: JudgedCheckpoint["checkpoint"]) =>
  `checkpoint ${number} of ${at}, key ${keyId}`;

const rewritten = (
  matched: JudgedCheckpoint["checkpoint"] | undefined,
  broken: JudgedCheckpoint["checkpoint"],
): Fault => {
  const seq = (matched?.seq ?? 0) + 1;
  return {
    seq: Math.min(seq, broken.seq),
    problem: `the chain was rewritten: ${named(broken)}, signed a different event ${broken.seq}`,
  };
};

const cutOff = (end: Walk, { checkpoint, problem, isSigned }: JudgedCheckpoint): Fault => ({
  seq: end.seq + 1,
  problem:
    (isSigned ? undefined : problem) ??
    `events ${end.seq + 1} to ${checkpoint.seq} were cut off: ${named(checkpoint)}, signed event ${checkpoint.seq}`,
});

/** The chain itself is valid, but its proof is incomplete. */
const damaged = (end: Walk, problem: string | undefined): Fault | undefined =>
  problem === undefined ? undefined : { seq: end.seq + 1, problem };

const unsaid = ({ first, last }: { first: number; last: number }, declaredTo: number): Fault | undefined =>
  last > declaredTo
    ? {
        seq: Math.max(first, declaredTo + 1),
        problem: `the content of events ${Math.max(first, declaredTo + 1)} to ${last} is gone, and the trail does not record that it expired`,
      }
    : undefined;

function expiryOf(content: string): number {
  const uptoSeq = parseContent(content).after?.uptoSeq;
  return typeof uptoSeq === "number" ? uptoSeq : 0;
}

async function beginningOf(tx: Transaction<Tables>, organizationId: string) {
  const head = await tx
    .selectFrom("audit_heads")
    .select("seq")
    .where("org_id", "=", organizationId)
    .executeTakeFirst();
  const last = await tx
    .selectFrom("audit_chain")
    .select((select) => select.fn.max("seq").as("seq"))
    .where("org_id", "=", organizationId)
    .executeTakeFirst();
  const expired = await tx
    .selectFrom("audit_expirations")
    .select(["upto_seq as toSeq", "checkpoint_number as checkpointNumber"])
    .where("org_id", "=", organizationId)
    .orderBy("upto_seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return { headSeq: Math.max(head?.seq ?? 0, last?.seq ?? 0), expired };
}

async function problemBesideChain(
  tx: Transaction<Tables>,
  organizationId: string,
  { end, headSeq, gone }: { end: Walk; headSeq: number; gone: number },
): Promise<Fault | undefined> {
  const seq = end.seq + 1;
  if (headSeq > end.seq)
    return { seq, problem: `events ${seq} to ${headSeq} were cut off: the chain once reached ${headSeq}` };
  const { rows } = await sql<{ isLast: boolean; events: number; links: number }>`
    select not exists (
        select from audit_heads h full join (
          select seq, hash from audit_chain where org_id = ${organizationId} order by seq desc limit 1
        ) l on l.seq = h.seq and l.hash = h.hash
        where (h.org_id = ${organizationId} or h.org_id is null) and (h.seq is null or l.seq is null)
      ) as "isLast",
      (select count(*) from audit_events where org_id = ${organizationId}) as events,
      (select count(*) from audit_chain where org_id = ${organizationId}) as links`.execute(tx);
  const [counted] = rows;
  if (counted && !counted.isLast)
    return { seq, problem: `the recorded head of the chain is not its last event, ${end.seq}` };
  // Every link has its event unless the event expired, so any surplus events were never sealed.
  return counted && counted.events > counted.links - gone ? unsealed(tx, organizationId, seq) : undefined;
}

async function unsealed(tx: Transaction<Tables>, organizationId: string, afterEnd: number) {
  const { rows } = await sql<{ id: string; at: Date; events: number; following: number | null }>`
    with loose as (
      select e.id, e.recorded_at from audit_events e
      where e.org_id = ${organizationId} and not exists (select from audit_chain c where c.audit_id = e.id)
    )
    select id, recorded_at as at, (select count(*) from loose) as events,
      (select min(c.seq) from audit_chain c where c.org_id = ${organizationId} and c.recorded_at > loose.recorded_at)
        as following
    from loose order by recorded_at, id limit 1`.execute(tx);
  const [first] = rows;
  if (!first) return undefined;
  return {
    seq: first.following ?? afterEnd,
    problem: `${first.events} event(s) in the trail are not sealed; the first is ${first.id}, dated ${first.at.toISOString()}`,
  };
}
