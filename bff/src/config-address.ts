import { pagePaths } from "@wheelhouse/shared/pages.ts";

/** First parts of the paths that the server itself answers, below which it cannot tell a base path from its own. */
export const ownFirstParts: ReadonlySet<string> = new Set([
  "acknowledge",
  "api",
  "assets",
  "health",
  "heartbeats",
  "hooks",
  "icons",
  "index.html",
  "lite",
  "live",
  "metrics",
  "o",
  "openapi.json",
  "otlp",
  "sw.js",
  "theme.js",
  "wall",
  ...pagePaths.map((path) => path.slice(1)).filter(Boolean),
]);

/** The path of the public URL without a trailing slash, such as `/ops`; empty at the root of a host. */
export const basePathOf = (url: string | undefined) =>
  url === undefined ? "" : new URL(url).pathname.replace(/\/+$/, "");

/** What is wrong with a path that the console itself answers, in words that follow the variable's name. */
export function clashOf(basePath: string): string | undefined {
  const [, first = ""] = basePath.split("/");
  return ownFirstParts.has(first)
    ? `must not have a path that begins with /${first}, which is a path of the console itself`
    : undefined;
}
