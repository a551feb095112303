import type { CheckResult } from "./check.ts";

/** One line a check: status, name, finding, remedy, duration. */
export function linesOf(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ check }) => check.length));
  return results
    .map(({ status, check, says, remedy, durationMs }) => {
      const todo = remedy === undefined ? "" : ` → ${remedy}`;
      return `${status.toUpperCase()}  ${check.padEnd(width)}  ${says}${todo} (${durationMs} ms)\n`;
    })
    .join("");
}

/** Replaces what must not be printed, wherever it stands: passwords of addresses, keys and tokens. */
export function withoutSecrets(
  results: readonly CheckResult[],
  environment: Readonly<Record<string, string | undefined>>,
): CheckResult[] {
  const secrets = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : secretsOf(name, value),
  );
  // The longest first, in case that one holds another.
  const hidden = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  const clean = (text: string) => hidden.reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
  return results.map((result) => ({
    ...result,
    says: clean(result.says),
    ...(result.remedy === undefined ? {} : { remedy: clean(result.remedy) }),
  }));
}

function secretsOf(name: string, value: string): string[] {
  if (/(_KEY|_SECRET|_TOKEN|_SECRET_ACCESS_KEY)$/.test(name)) return [value];
  const password = /^[a-z]+:\/\/[^:/?#]*:(.+)@/i.exec(value)?.[1];
  if (!/_URL$/.test(name) || password === undefined) return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
