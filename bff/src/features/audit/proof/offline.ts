import { createHash } from "node:crypto";
import {
  type ExportedAuditLine,
  type ExportedAuditTrailer,
  exportedAuditLine,
  exportedAuditTrailer,
} from "@wheelhouse/shared/audit/export-format.ts";
import type { AuditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import canonicalize from "canonicalize";
import { contentHash, linkHash } from "../writing/writing.ts";
import { checkpointProblem, parseCheckpoint, type ReadCheckpoint } from "./checkpoint.ts";
import { type TrustedKeys, trustedKeysOf } from "./keys.ts";
import { readLines } from "./lines.ts";

export type OfflineResult = {
  events: number;
  organizations: number;
  /** Gaps in the numbers, from a filter or expired content. */
  gaps: number;
  /** Checkpoints that match an exported event. */
  checkpoints: number;
  /** Events covered by a signed checkpoint: its own, and those chained to it without a gap before it. */
  signedEvents: number;
  /** Last signed and last chained event of each exported organization. */
  reach: { organizationId: string; signedTo: number | null; chainedTo: number }[];
  newest: AuditCheckpoint | undefined;
  exportedAt: string | undefined;
  filter: Record<string, unknown>;
  /** The first fault, with its line in the export; undefined if everything is valid. */
  fault: { line: number | undefined; problem: string } | undefined;
};

type OfflineFiles = { exportFile: string; checkpointsFile: string; keyPem: string };
type Signed = ReadonlyMap<string, AuditCheckpoint>;
type Trailer = ExportedAuditTrailer["trailer"];
type Place = { seq: number; prev: string; hash: string };
/** Consecutive numbers, and the highest of them that a checkpoint signed; 0 if none. */
type Run = { first: number; last: number; signed: number };

// A long export may be older than its trailer states.
const exportMaxMs = 10 * 60_000;
const placeOf = (organizationId: string, seq: number) => `${organizationId} ${seq}`;

/**
 * Verifies an exported trail from its own bytes, signed checkpoints and a public key, without database or
 * network. Only the checkpoints are held in memory.
 * @throws if a file cannot be read or contains no key.
 */
export async function verifyExport({
  exportFile,
  checkpointsFile,
  keyPem,
}: OfflineFiles): Promise<OfflineResult> {
  const judged = await readCheckpoints(checkpointsFile, trustedKeysOf(keyPem));
  const walk = createWalk(judged.signed);
  let line = 0;
  let fault: OfflineResult["fault"] =
    judged.problem === undefined ? undefined : { line: undefined, problem: judged.problem };
  const bytes = createHash("sha256");
  let trailer: Trailer | undefined;
  if (!fault)
    for await (const { line: text, isWhole } of readLines(exportFile)) {
      line += 1;
      const problem: string | undefined = trailer
        ? "there is content after the trailer"
        : isWhole
          ? judgeLine(text)
          : "the export is cut off within this line";
      if (problem === undefined) continue;
      fault = { line, problem };
      break;
    }
  if (!fault) {
    const problem = trailer ? walk.end(trailer) : "the export is cut off: it has no trailer";
    if (problem) fault = { line, problem };
  }

  function judgeLine(text: Buffer): string | undefined {
    const line = text.toString();
    const read = parse(line);
    if (read === undefined) return "this is neither an event nor a trailer";
    if (!("trailer" in read)) {
      bytes.update(text).update("\n");
      return walk.step(read, line);
    }
    trailer = read.trailer;
    return trailer.sha256 === bytes.digest("hex")
      ? undefined
      : "the sha256 in the trailer does not match the lines before it";
  }

  return {
    ...walk.counted(),
    newest: judged.newest,
    exportedAt: trailer?.exportedAt,
    filter: trailer?.filter ?? {},
    fault,
  };
}

function parse(text: string): ExportedAuditLine | ExportedAuditTrailer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const event = exportedAuditLine.safeParse(value);
  if (event.success) return event.data;
  const trailer = exportedAuditTrailer.safeParse(value);
  return trailer.success ? trailer.data : undefined;
}

/** Checks every checkpoint in the file; each organization has a series of its own. */
async function readCheckpoints(path: string, keys: TrustedKeys) {
  const signed = new Map<string, AuditCheckpoint>();
  const before = new Map<string, ReadCheckpoint>();
  let newest: AuditCheckpoint | undefined;
  let number = 0;
  for await (const { line, isWhole } of readLines(path)) {
    number += 1;
    if (!isWhole) return { signed, newest, problem: `line ${number} of the checkpoints is cut off` };
    let read: ReadCheckpoint;
    try {
      read = { line: line.toString(), checkpoint: parseCheckpoint(line.toString()) };
    } catch {
      return { signed, newest, problem: `line ${number} of the checkpoints is not a checkpoint` };
    }
    const { checkpoint } = read;
    const earliest = before.get(checkpoint.orgId);
    const problem =
      earliest === undefined && checkpoint.number !== 1
        ? `checkpoints before number ${checkpoint.number} are missing`
        : checkpointProblem(read, earliest, keys);
    if (problem) return { signed, newest, problem: `line ${number} of the checkpoints: ${problem}` };
    before.set(checkpoint.orgId, read);
    const place = placeOf(checkpoint.orgId, checkpoint.seq);
    const earlier = signed.get(place);
    if (earlier && earlier.hash !== checkpoint.hash)
      return {
        signed,
        newest,
        problem: `checkpoint ${checkpoint.number} contradicts an earlier checkpoint at event ${checkpoint.seq}`,
      };
    signed.set(place, checkpoint);
    newest = checkpoint;
  }
  return { signed, newest, problem: undefined };
}

function createWalk(signed: Signed) {
  const last = new Map<string, Place>();
  const reach = new Map<string, { first: number; last: number; signed: number }>();
  const runs = new Map<string, Run>();
  let signedEvents = 0;
  const counts = { events: 0, gaps: 0, checkpoints: 0 };

  function endRun(run: Run | undefined) {
    if (run && run.signed > 0) signedEvents += run.signed - run.first + 1;
  }

  function order({ seq, prev, hash, content }: ExportedAuditLine): string | undefined {
    const orgId = content.organization.id;
    const before = last.get(orgId);
    last.set(orgId, { seq, prev, hash });
    const range = reach.get(orgId);
    const isNew = !range || seq < range.first || seq > range.last;
    reach.set(orgId, {
      first: Math.min(seq, range?.first ?? seq),
      last: Math.max(seq, range?.last ?? seq),
      signed: range?.signed ?? 0,
    });
    const run = runs.get(orgId);
    const isChained = run !== undefined && (seq === run.last + 1 || seq === run.first - 1);
    if (isChained) {
      run.first = Math.min(seq, run.first);
      run.last = Math.max(seq, run.last);
    } else {
      endRun(run);
      runs.set(orgId, { first: seq, last: seq, signed: 0 });
    }
    if (!before) return undefined;
    if (!isNew) return `event ${seq} is duplicated or out of order`;
    if (Math.abs(seq - before.seq) !== 1) {
      counts.gaps += 1;
      return undefined;
    }
    const follows = seq > before.seq ? prev === before.hash : before.prev === hash;
    const [earlier, later] = [Math.min(seq, before.seq), Math.max(seq, before.seq)];
    return follows ? undefined : `event ${later} does not follow event ${earlier}`;
  }

  return {
    /**
     * `line` is the raw line: it must equal the canonical form, so that what people read is what was sealed.
     */
    step(event: ExportedAuditLine, line: string): string | undefined {
      counts.events += 1;
      const { seq, prev, hash } = event;
      const organizationId = event.content.organization.id;
      const content = canonicalize(event.content) ?? "";
      if (line !== `{"seq":${seq},"prev":"${prev}","hash":"${hash}","content":${content}}`)
        return `event ${seq} is not in the exact form of an export`;
      const link = linkHash({
        organizationId,
        seq,
        auditId: event.content.id,
        contentHash: contentHash(content),
        previous: Buffer.from(prev, "hex"),
      });
      if (link.toString("hex") !== hash)
        return `event ${seq} was altered after it was sealed: its hash does not match its content and link`;
      const problem = order(event);
      if (problem) return problem;
      const checkpoint = signed.get(placeOf(organizationId, seq));
      if (!checkpoint) return undefined;
      counts.checkpoints += 1;
      if (checkpoint.hash !== event.hash)
        return `the chain was rewritten: ${named(checkpoint)} signed a different event ${seq}`;
      for (const signedPart of [runs.get(organizationId), reach.get(organizationId)])
        if (signedPart) signedPart.signed = Math.max(signedPart.signed, seq);
      return undefined;
    },

    end({ rows, firstSeq, lastSeq, filter, exportedAt }: Trailer): string | undefined {
      if (rows !== counts.events)
        return `the trailer states ${rows} events, but the export contains ${counts.events}`;
      const ranges = [...reach.values()];
      const first = ranges.length > 0 ? Math.min(...ranges.map((range) => range.first)) : null;
      const end = ranges.length > 0 ? Math.max(...ranges.map((range) => range.last)) : null;
      if (first !== firstSeq || end !== lastSeq)
        return "the first and last event numbers in the trailer do not match the export";
      for (const run of runs.values()) endRun(run);
      runs.clear();
      const isWhole = !Object.keys(filter).some((name) => name !== "includeChildren");
      return (isWhole ? missing(exportedAt) : undefined) ?? unsigned();
    },

    counted: () => ({
      ...counts,
      signedEvents,
      organizations: reach.size,
      reach: [...reach].map(([organizationId, range]) => ({
        organizationId,
        signedTo: range.signed === 0 ? null : range.signed,
        chainedTo: range.last,
      })),
    }),
  };

  /** Anyone who can write a trail can chain it, so an export without a signature proves nothing. */
  function unsigned(): string | undefined {
    const bare = [...reach].find(([, range]) => range.signed === 0);
    return bare
      ? `no signed checkpoint covers the events of organization ${bare[0]}: they are chained to event ${bare[1].last}, which anyone could have written`
      : undefined;
  }

  function missing(exportedAt: string): string | undefined {
    if (counts.gaps > 0) return "events are missing although the export has no filter";
    for (const checkpoint of signed.values()) {
      const range = reach.get(checkpoint.orgId);
      const isOlder = Date.parse(checkpoint.at) < Date.parse(exportedAt) - exportMaxMs;
      if (range && isOlder && checkpoint.seq > range.last)
        return `events ${range.last + 1} to ${checkpoint.seq} were cut off: ${named(checkpoint)} signed event ${checkpoint.seq}`;
    }
    return undefined;
  }
}

const named = ({ number, at, keyId }: AuditCheckpoint) => `checkpoint ${number} of ${at}, key ${keyId},`;
