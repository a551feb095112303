import { formatSpan } from "../span.ts";
import type { Matcher } from "./silences.ts";
import { formatFigure, isShare, isSpan } from "./words.ts";

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a span as people write it: `15m`, `1 h 30 m`, `90 s`; null for anything else. */
export function readSpan(text: string): number | null {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)\s*)+$/.test(trimmed)) return null;
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (unitsMs[unit] ?? 0), 0);
}

/** A span that `readSpan` reads. */
export const writeSpan = (ms: number): string =>
  ms === 0 ? "0 s" : ms % 1_000 === 0 ? formatSpan(ms) : `${ms} ms`;

const sizes: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** A value of a figure as people write it: `5 m`, `50%`, `1.5 GB`, `1,000`; null for anything else. */
export function readFigure(metric: string, text: string, dividedBy?: string): number | null {
  const trimmed = text.trim();
  if (isSpan(metric) && dividedBy === undefined) return readSpan(trimmed);
  if (isShare(metric, dividedBy)) {
    const [, percent] = /^(-?\d+(?:\.\d+)?)\s*%$/.exec(trimmed) ?? [];
    if (percent !== undefined) return Number(percent) / 100;
  }
  const [, amount, size = ""] =
    /^(-?[\d,]+(?:\.\d+)?)\s*(?:([kmgt])b?|b)?(?:\s*(?:\/min|\/s|d|×))?$/i.exec(trimmed) ?? [];
  if (amount === undefined) return null;
  const value = Number(amount.replaceAll(",", ""));
  return Number.isFinite(value) ? value * (sizes[size.toLowerCase()] ?? 1) : null;
}

/** A value that `readFigure` reads. */
export const writeFigure = (metric: string, value: number, dividedBy?: string): string =>
  isSpan(metric) && dividedBy === undefined ? writeSpan(value) : formatFigure(metric, value, dividedBy);

/** `team=platform, tier=2`; null when it cannot be read. */
export function readLabels(text: string): Record<string, string> | null {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const labels: Record<string, string> = {};
  for (const part of parts) {
    const [, name, value] = /^([a-z][a-z0-9_]{0,39})\s*=\s*(.+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined) return null;
    labels[name] = value.trim();
  }
  return labels;
}
export const writeLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

/** `queue:exports rule:queue-*`, `-severity:critical`: a label and a pattern each; null when it cannot be read. */
export function readMatchers(text: string): Matcher[] | null {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  const matchers: Matcher[] = [];
  for (const word of words) {
    const [, not, label, pattern] = /^(-?)([a-z][a-z0-9_]*):(.+)$/.exec(word) ?? [];
    if (label === undefined || pattern === undefined) return null;
    matchers.push({ label, pattern, isNot: not === "-" });
  }
  return matchers;
}
export const writeMatchers = (matchers: readonly Matcher[]): string =>
  matchers.map(({ label, pattern, isNot }) => `${isNot ? "-" : ""}${label}:${pattern}`).join(" ");
