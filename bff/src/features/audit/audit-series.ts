import type { AuditCheckpoint } from "@wheelhouse/shared/audit-proof.ts";
import { checkpointProblem, parseCheckpoint, type ReadCheckpoint } from "./audit-checkpoint.ts";
import type { TrustedKeys } from "./audit-keys.ts";

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

/**
 * The checkpoints that the database has, compared one by one with those outside it, where there are any: who can change
 * the database can take checkpoints away there, but not here. Judges only what existed when it was called, so that one
 * that is signed meanwhile disturbs nothing.
 */
export async function judgeCheckpoints(
  organizationId: string,
  sources: { inside: CheckpointSource; outside: CheckpointSource | undefined; keys: TrustedKeys },
): Promise<AsyncGenerator<JudgedCheckpoint>> {
  const { inside, outside, keys } = sources;
  const outsideNewest = (await outside?.newest(organizationId)) ?? 0;
  const last = Math.max(outsideNewest, await inside.newest(organizationId));
  const kept = takeFrom(inside.lines(organizationId));
  const witnessed = outside && takeFrom(outside.lines(organizationId));

  return (async function* () {
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
          strayed(inBase, inSink);
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
  return {
    async peek(): Promise<ReadCheckpoint | undefined> {
      if (next || isOver) return next;
      const { done, value } = await iterator.next();
      if (done) isOver = true;
      else next = { line: value, checkpoint: parseCheckpoint(value) };
      return next;
    },
    take() {
      next = undefined;
    },
    end: async () => {
      await iterator.return?.();
    },
  };
}
