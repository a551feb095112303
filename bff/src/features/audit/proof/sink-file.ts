import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { readLines } from "./lines.ts";
import type { AuditSink, NumberedLine } from "./sinks.ts";

const tailBytes = 8_192;
const numbered = z.object({ number: z.number().int() });

const lockLookMs = 20;
const lockWaitMs = 5_000;
const lockStaleMs = 60_000;

const isThere = (error: unknown) => error instanceof Error && "code" in error && error.code === "EEXIST";
const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/**
 * Checkpoints in `<folder>/<organization id>.ndjson`, oldest first, synced to disk before a write is
 * confirmed.
 */
export function createFileSink(folder: string): AuditSink & {
  /** Stored checkpoints of this organization, oldest first; none if there is no file. */
  lines(organizationId: string): AsyncGenerator<string>;
} {
  const pathOf = (organizationId: string) => join(folder, `${organizationId}.ndjson`);
  const lockOf = (organizationId: string) => join(folder, `${organizationId}.lock`);

  /** Last complete line and its end offset; a crash may have left a partial line behind. */
  async function tailOf(organizationId: string) {
    const file = await open(pathOf(organizationId), "r").catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!file) return { bytes: 0, number: 0 };
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      const end = buffer.subarray(0, bytesRead).lastIndexOf("\n");
      if (end === -1) return { bytes: 0, number: 0 };
      const line = buffer.subarray(0, end).toString().split("\n").at(-1) ?? "";
      return { bytes: start + end + 1, number: numbered.parse(JSON.parse(line)).number };
    } finally {
      await file.close();
    }
  }

  async function append(organizationId: string, lines: readonly NumberedLine[]) {
    const { bytes, number } = await tailOf(organizationId);
    const missing = lines.filter((one) => one.number > number);
    const file = await open(pathOf(organizationId), "a", 0o600);
    try {
      if ((await file.stat()).size > bytes) await file.truncate(bytes);
      await file.appendFile(missing.map(({ line }) => `${line}\n`).join(""));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Processes may share the folder. A lock older than any write takes was left behind by a crash. */
  async function lock(organizationId: string) {
    const path = lockOf(organizationId);
    for (const giveUpAt = Date.now() + lockWaitMs; ; await wait(lockLookMs)) {
      try {
        await mkdir(path);
        return;
      } catch (error) {
        if (!isThere(error)) throw error;
        const madeAt = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => Date.now(),
        );
        if (Date.now() - madeAt > lockStaleMs) await rm(path, { recursive: true, force: true });
        else if (Date.now() > giveUpAt) throw new Error("another process is writing the checkpoints");
      }
    }
  }

  return {
    name: "file",
    newest: async (organizationId) => (await tailOf(organizationId)).number,
    async add(organizationId, lines) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await lock(organizationId);
      try {
        await append(organizationId, lines);
      } finally {
        await rm(lockOf(organizationId), { recursive: true, force: true });
      }
    },
    async *lines(organizationId) {
      try {
        for await (const { line, isWhole } of readLines(pathOf(organizationId)))
          if (isWhole) yield line.toString();
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}
