import { NoAnswerInTime } from "#lib/http/server-away.ts";

/**
 * The promise's result, or a rejection after `timeoutMs`. The work behind it continues, so it must end by itself.
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
