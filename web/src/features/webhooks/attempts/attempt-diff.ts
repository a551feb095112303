import type { DeliveryAttempt, HttpMessage } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { prettyJson } from "#ui/text/code-block.tsx";

export type DiffRow = { label: string; before: string; after: string };
/** `at`: its place among the lines. */
export type DiffLine = { at: number; sign: " " | "+" | "-"; text: string };

const none = "–";
/** Beyond it, comparing each line with each would take too long; the rest is shown as replaced. */
const maxLines = 400;

const rowsOf = (label: string, a: HttpMessage | null, b: HttpMessage | null): DiffRow[] => {
  const [before, after] = [a?.headers ?? {}, b?.headers ?? {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().map((name) => ({
    label: `${label} ${name}`,
    before: before[name] ?? none,
    after: after[name] ?? none,
  }));
};

const resultOf = ({ outcome, statusCode, errorClass }: DeliveryAttempt): string =>
  statusCode === null ? (errorClass ?? outcome) : String(statusCode);

/** What differs between two attempts, except their bodies: result, latency, address and headers. */
export const attemptDiff = (before: DeliveryAttempt, after: DeliveryAttempt): DiffRow[] =>
  [
    { label: "Result", before: resultOf(before), after: resultOf(after) },
    {
      label: "Latency",
      before: before.latencyMs === null ? none : `${before.latencyMs} ms`,
      after: after.latencyMs === null ? none : `${after.latencyMs} ms`,
    },
    { label: "Message", before: before.errorMessage ?? none, after: after.errorMessage ?? none },
    { label: "Address", before: before.request.url, after: after.request.url },
    ...rowsOf("Request", before.request, after.request),
    ...rowsOf("Response", before.response, after.response),
  ].filter((row) => row.before !== row.after);

/** Lengths of the longest common sequences of what is left of both from each place on. */
const commonFrom = (a: readonly string[], b: readonly string[]): number[][] => {
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = common[i];
      const next = common[i + 1];
      if (row !== undefined && next !== undefined)
        row[j] = a[i] === b[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  return common;
};

/** Two texts line by line; JSON is compared as it is shown. Empty if they are equal. */
export const lineDiff = (before: string, after: string): DiffLine[] => {
  if (before === after) return [];
  const [a, b] = [prettyJson(before).split("\n"), prettyJson(after).split("\n")];
  const [left, right] = [a.slice(0, maxLines), b.slice(0, maxLines)];
  const common = commonFrom(left, right);
  const lines: DiffLine[] = [];
  const push = (sign: DiffLine["sign"], text: string) => lines.push({ at: lines.length, sign, text });
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [one, other] = [left[i], right[j]];
    if (one !== undefined && one === other) {
      push(" ", one);
      i += 1;
      j += 1;
    } else if (
      other === undefined ||
      (one !== undefined && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))
    ) {
      push("-", one ?? "");
      i += 1;
    } else {
      push("+", other);
      j += 1;
    }
  }
  const cut = (sign: "-" | "+", rest: readonly string[]) => {
    if (rest.length > 0) push(sign, `… ${rest.length} more lines`);
  };
  cut("-", a.slice(maxLines));
  cut("+", b.slice(maxLines));
  return lines;
};
