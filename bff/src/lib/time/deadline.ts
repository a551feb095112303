import { NoAnswerInTime } from "#lib/http/server-away.ts";

/**
 * The promise's outcome, or a rejection after `timeoutMs`. What it stands for goes on by itself, so it must have an
 * end of its own.
 * @throws NoAnswerInTime
 */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerInTime(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
