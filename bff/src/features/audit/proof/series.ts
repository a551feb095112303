import type { AuditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import { checkpointProblem, parseCheckpoint, type ReadCheckpoint } from "./checkpoint.ts";
import type { TrustedKeys } from "./keys.ts";

/** Checkpoints of one organization, oldest first, and the number of the newest one. */
export type CheckpointSource = {
  newest(organizationId: string): Promise<number>;
  lines(organizationId: string): AsyncIterable<string>;
};

export type JudgedCheckpoint = {
  checkpoint: AuditCheckpoint;
  /** What is wrong with the checkpoint itself. */
  problem: string | undefined;
  /** A trusted key signed it: what it says of the chain holds, whatever happened to its copy in the database. */
  isSigned: boolean;
};

/** By then every checkpoint has been brought outside, also by a process that was started anew. */
const broughtWithinMs = 10 * 60_000;

/**
 * The checkpoints that the database has, compared one by one with those outside it, where there are any: who can change
 * the database can take checkpoints away there, but not here. Judges only what existed when it was called, so that one
 * that is signed meanwhile disturbs nothing.
 */
export async function judgeCheckpoints(
  organizationId: string,
  sources: {
    inside: CheckpointSource;
    outside: CheckpointSource | undefined;
    keys: TrustedKeys;
    nowMs: number;
  },
): Promise<{ proofs: AsyncGenerator<JudgedCheckpoint>; damage(): string | undefined }> {
  const { inside, outside, keys, nowMs } = sources;
  // A damaged last line has no number; it is named when it is read.
  const outsideNewest = (await outside?.newest(organizationId).catch(() => 0)) ?? 0;
  const last = Math.max(outsideNewest, await inside.newest(organizationId));
  const kept = takeFrom(inside.lines(organizationId));
  const witnessed = outside && takeFrom(outside.lines(organizationId));
  const damage = () => {
    const [here, there] = [kept.damagedAt(), witnessed?.damagedAt()];
    if (here !== undefined) return `checkpoint ${here} of the database cannot be read`;
    return there === undefined
      ? undefined
      : `line ${there} of the copy of the checkpoints outside is damaged: it is no checkpoint`;
  };
  /** A copy that was begun, and lacks what it had long enough to take. */
  const isWithheld = ({ checkpoint }: ReadCheckpoint) =>
    witnessed !== undefined &&
    witnessed.count() > 0 &&
    witnessed.damagedAt() === undefined &&
    Date.parse(checkpoint.at) < nowMs - broughtWithinMs;

  const proofs = (async function* () {
    let before: ReadCheckpoint | undefined;
    try {
      for (;;) {
        const [here, there] = [await kept.peek(), await witnessed?.peek()];
        const number = Math.min(
          here?.checkpoint.number ?? Number.POSITIVE_INFINITY,
          there?.checkpoint.number ?? Number.POSITIVE_INFINITY,
        );
        if (number > last) return;
        const inBase = here?.checkpoint.number === number ? here : undefined;
        const inSink = there?.checkpoint.number === number ? there : undefined;
        const read = inSink ?? inBase;
        if (!read) return;
        const problem =
          (before === undefined && number !== 1 ? "checkpoint 1 is missing" : undefined) ??
          checkpointProblem(read, before, keys) ??
          strayed(inBase, inSink) ??
          (inBase && !inSink && (there || isWithheld(inBase))
            ? `checkpoint ${number} is missing from the copy outside, after its line ${witnessed?.count() ?? 0}`
            : undefined);
        const isSigned = checkpointProblem(read, undefined, keys) === undefined;
        yield { checkpoint: read.checkpoint, problem, isSigned };
        before = read;
        if (inBase) kept.take();
        if (inSink) witnessed?.take();
      }
    } finally {
      await kept.end();
      await witnessed?.end();
    }
  })();
  return { proofs, damage };
}

function strayed(inBase: ReadCheckpoint | undefined, inSink: ReadCheckpoint | undefined) {
  if (inSink && !inBase)
    return `checkpoint ${inSink.checkpoint.number} is kept outside and gone from the database`;
  if (inSink && inBase && inSink.line !== inBase.line)
    return `checkpoint ${inBase.checkpoint.number} differs between the database and the copy outside`;
  return undefined;
}

function takeFrom(lines: AsyncIterable<string>) {
  const iterator = lines[Symbol.asyncIterator]();
  let next: ReadCheckpoint | undefined;
  let isOver = false;
  let taken = 0;
  let damagedAt: number | undefined;
  const parsed = (line: string): ReadCheckpoint | undefined => {
    try {
      return { line, checkpoint: parseCheckpoint(line) };
    } catch {
      return undefined;
    }
  };
  return {
    /** How many were taken. */
    count: () => taken,
    /** The number of the line that is no checkpoint; what follows it is not read. */
    damagedAt: () => damagedAt,
    async peek(): Promise<ReadCheckpoint | undefined> {
      if (next || isOver) return next;
      const { done, value } = await iterator.next();
      next = done ? undefined : parsed(value);
      if (!done && !next) damagedAt = taken + 1;
      isOver = next === undefined;
      return next;
    },
    take() {
      taken += 1;
      next = undefined;
    },
    end: async () => {
      await iterator.return?.();
    },
  };
}
