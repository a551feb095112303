/**
 * The promise's outcome, or a rejection after `timeoutMs`. What it stands for goes on by itself, so it must have an
 * end of its own.
 */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer in time (timeout ${timeoutMs} ms)`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
