import { within } from "#lib/time/deadline.ts";

/** What one check found; `skip` where an earlier one already failed on what it needs. */
export type Finding = {
  status: "pass" | "warn" | "fail" | "skip";
  says: string;
  /** What to do about it, for `warn` and `fail`. */
  remedy?: string;
};

/** A finding with the name of its check and how long it took, in milliseconds. */
export type CheckResult = Finding & { check: string; durationMs: number };

type CheckOptions = {
  /** Findings that have to be good for this check to mean anything. */
  after?: readonly Finding[];
  /** Left out when a start checks only what it cannot do without. */
  isThorough?: boolean;
};

/** Makes one check and records what it found. Never rejects. */
export type MakeCheck = (
  name: string,
  work: () => Promise<Finding> | Finding,
  options?: CheckOptions,
) => Promise<Finding>;

export const pass = (says: string): Finding => ({ status: "pass", says });
export const warn = (says: string, remedy: string): Finding => ({ status: "warn", says, remedy });
export const fail = (says: string, remedy: string): Finding => ({ status: "fail", says, remedy });

export const isUsable = ({ status }: Finding) => status === "pass" || status === "warn";

/** Text of an error for a person; an AggregateError has none of its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Code of an error of Node or of Postgres, such as `ECONNREFUSED` or `28P01`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

type CheckerOptions = {
  isThorough: boolean;
  /** Longest that one check may take. */
  timeoutMs: number;
  /** Epoch milliseconds of the monotonic clock at which all checks have to be over. */
  endsAtMs: number;
};

/** Records the checks of one group in their order. */
export function createChecker({ isThorough, timeoutMs, endsAtMs }: CheckerOptions) {
  const results: CheckResult[] = [];
  const record = (check: string, finding: Finding, startedAtMs: number) => {
    results.push({ check, ...finding, durationMs: Math.round(performance.now() - startedAtMs) });
    return finding;
  };
  const check: MakeCheck = async (name, work, options = {}) => {
    const startedAtMs = performance.now();
    if (options.isThorough && !isThorough) return { status: "skip", says: "left out at a start" };
    if (options.after?.some((finding) => !isUsable(finding)))
      return record(
        name,
        { status: "skip", says: "not checked, because of what failed before it" },
        startedAtMs,
      );
    const leftMs = Math.max(1, Math.min(timeoutMs, endsAtMs - startedAtMs));
    try {
      return record(name, await within(leftMs, Promise.resolve().then(work)), startedAtMs);
    } catch (error) {
      const finding = fail(messageOf(error), "see whether the server answers, and what its own log says");
      return record(name, finding, startedAtMs);
    }
  };
  return { check, results };
}
