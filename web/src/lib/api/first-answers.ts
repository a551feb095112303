import { basePath } from "#lib/base-path.ts";

const answers = new Map<string, unknown>();

const keyOf = (organization: string | undefined, url: string): string => `${organization} ${url}`;

/** Keeps the answers that came with the page until they are asked for. `paths` are those below `/api/v1`. */
export const keepFirstAnswers = (organization: string, paths: Readonly<Record<string, unknown>>): void => {
  for (const [path, answer] of Object.entries(paths))
    answers.set(keyOf(organization, `${basePath}/api/v1${path}`), answer);
};

/** The answer that came with the page, once; undefined from then on, because it ages. */
export const takeFirstAnswer = (organization: string | undefined, url: string): unknown => {
  const key = keyOf(organization, url);
  const answer = answers.get(key);
  answers.delete(key);
  return answer;
};
