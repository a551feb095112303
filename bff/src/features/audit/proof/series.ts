import type { AuditCheckpoint } from "@wheelhouse/shared/audit/proof.ts";
import { checkpointProblem, parseCheckpoint, type ReadCheckpoint } from "./checkpoint.ts";
import type { TrustedKeys } from "./keys.ts";

/** Checkpoints of one organization, oldest first, and the number of the newest. */
export type CheckpointSource = {
  newest(organizationId: string): Promise<number>;
  lines(organizationId: string): AsyncIterable<string>;
};

export type JudgedCheckpoint = {
  checkpoint: AuditCheckpoint;
  /** What is wrong with the checkpoint itself. */
  problem: string | undefined;
  /** True if a trusted key signed it: it is valid evidence, whatever happened to its copy in the database. */
  isSigned: boolean;
};

/** Every checkpoint is copied to the sinks by then, even across a restart. */
const broughtWithinMs = 10 * 60_000;

/**
 * Compares the database's checkpoints one by one with the copy outside, if there is one: whoever controls the
 * database can delete checkpoints there, but not in the copy. Only checkpoints that existed at the time of
 * the call are compared, so concurrent signing causes no faults.
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
  // A damaged last line has no number; reading reports it later.
  const outsideNewest = (await outside?.newest(organizationId).catch(() => 0)) ?? 0;
  const last = Math.max(outsideNewest, await inside.newest(organizationId));
  const kept = takeFrom(inside.lines(organizationId));
  const witnessed = outside && takeFrom(outside.lines(organizationId));
  const damage = () => {
    const [here, there] = [kept.damagedAt(), witnessed?.damagedAt()];
    if (here !== undefined) return `checkpoint ${here} in the database cannot be read`;
    return there === undefined
      ? undefined
      : `line ${there} of the external copy is damaged: it is not a checkpoint`;
  };
  /** True if the external copy has started but lacks a checkpoint that it should have by now. */
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
            ? `checkpoint ${number} is missing from the external copy, after its line ${witnessed?.count() ?? 0}`
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
    return `checkpoint ${inSink.checkpoint.number} is in the external copy but not in the database`;
  if (inSink && inBase && inSink.line !== inBase.line)
    return `checkpoint ${inBase.checkpoint.number} differs between the database and the external copy`;
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
    /** Number of checkpoints taken. */
    count: () => taken,
    /** Number of the line that is not a checkpoint; reading stops there. */
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
