import { AppError, isUnavailable } from "#lib/http/errors.ts";

export type GroupCommit<Item, Result> = {
  /**
   * Resolves once the item's transaction has committed.
   * @throws AppError `unavailable` if too many wait, the wait took too long or the database is away.
   */
  add(item: Item): Promise<Result>;
  /** Resolves once nothing waits and nothing is being written. */
  settled(): Promise<void>;
};

type Options<Item, Result> = {
  /** Writes all items in one transaction and returns one result per item, in order. */
  write(items: Item[]): Promise<Result[]>;
  maxItems?: number;
  /** Limits a group, and the queue to 16 groups. */
  maxBytes?: number;
  sizeBytes?: (item: Item) => number;
  maxWaiting?: number;
  /** How long a caller waits. An item that is already being written may still be committed. */
  timeoutMs?: number;
  /** Groups written at the same time, at most. */
  concurrency?: number;
  /** A further group is written beside one that takes longer than this; until then it grows. */
  patienceMs?: number;
};

type Waiting<Item, Result> = {
  item: Item;
  bytes: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
  timer: NodeJS.Timeout | undefined;
};

const busy = (text: string) => new AppError("unavailable", text, { retryAfterSeconds: 5 });

/**
 * Combines many small transactions into few: items that arrive while a group is being written form the next one, so a
 * single item is written at once and group size follows the load. A bad item fails alone: if a group fails although the
 * database is reachable, it is written again item by item.
 */
export function createGroupCommit<Item, Result>({
  write,
  maxItems = 200,
  maxBytes = 4 * 1024 * 1024,
  sizeBytes = () => 0,
  maxWaiting = 5_000,
  timeoutMs = 5_000,
  concurrency = 2,
  patienceMs = 20,
}: Options<Item, Result>): GroupCommit<Item, Result> {
  const line: Waiting<Item, Result>[] = [];
  const idle: (() => void)[] = [];
  let lineBytes = 0;
  let writing = 0;
  let scheduled = false;
  let beganMs = 0;
  let patience: NodeJS.Timeout | undefined;

  function takeGroup() {
    const group: Waiting<Item, Result>[] = [];
    let bytes = 0;
    for (let next = line[0]; next; next = line[0]) {
      if (group.length === maxItems || (group.length > 0 && bytes + next.bytes > maxBytes)) break;
      line.shift();
      bytes += next.bytes;
      group.push(next);
    }
    lineBytes -= bytes;
    return group;
  }

  async function writeGroup(group: Waiting<Item, Result>[]) {
    try {
      const results = await write(group.map(({ item }) => item));
      group.forEach((waiting, at) => {
        clearTimeout(waiting.timer);
        const result = results[at];
        if (result === undefined)
          waiting.reject(new Error("a group was written without a result for each item"));
        else waiting.resolve(result);
      });
    } catch (error) {
      if (group.length === 1 || isUnavailable(error))
        for (const waiting of group) {
          clearTimeout(waiting.timer);
          waiting.reject(error);
        }
      else for (const waiting of group) await writeGroup([waiting]);
    }
  }

  /** Larger groups cost less, so one is written at a time unless it is full, or the one before takes long. */
  const isTime = () =>
    writing === 0 ||
    (writing < concurrency && (line.length >= maxItems || performance.now() - beganMs >= patienceMs));

  function pump() {
    scheduled = false;
    clearTimeout(patience);
    patience = undefined;
    while (line.length > 0 && isTime()) {
      writing += 1;
      beganMs = performance.now();
      void writeGroup(takeGroup()).finally(() => {
        writing -= 1;
        pump();
      });
    }
    if (line.length === 0 && writing === 0) for (const resolve of idle.splice(0)) resolve();
    if (line.length > 0 && writing < concurrency) patience = setTimeout(pump, patienceMs);
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        const bytes = sizeBytes(item);
        if (line.length >= maxWaiting || lineBytes + bytes > 16 * maxBytes)
          return reject(busy("Too many requests are waiting to be stored. Nothing was changed; try again."));
        const waiting: Waiting<Item, Result> = { item, bytes, resolve, reject, timer: undefined };
        waiting.timer = setTimeout(() => {
          const at = line.indexOf(waiting);
          if (at >= 0) {
            line.splice(at, 1);
            lineBytes -= bytes;
          }
          reject(busy("The database did not store this in time. Try again."));
        }, timeoutMs);
        line.push(waiting);
        lineBytes += bytes;
        if (!scheduled) {
          scheduled = true;
          setImmediate(pump);
        }
      }),
    settled: () =>
      line.length === 0 && writing === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)),
  };
}
