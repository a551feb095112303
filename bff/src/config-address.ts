import { pagePaths } from "@wheelhouse/shared/pages.ts";
import { z } from "zod";

/** First parts of the paths that the server itself answers, below which it cannot tell a base path from its own. */
export const ownFirstParts: ReadonlySet<string> = new Set([
  "api",
  "assets",
  "health",
  "heartbeats",
  "hooks",
  "icons",
  "index.html",
  "live",
  "metrics",
  "o",
  "openapi.json",
  "otlp",
  "theme.js",
  ...pagePaths.map((path) => path.slice(1)).filter(Boolean),
]);

/** Scheme, host and, if the console shares its host, the path below which a proxy serves it. */
export const publicUrl = z.string().superRefine((text, context) => {
  if (!/^https?:\/\//i.test(text)) context.addIssue("must be a URL that begins with http:// or https://");
  else if (!URL.canParse(text)) context.addIssue("is not a URL: check its host and port");
  else {
    const { pathname, search, hash, username } = new URL(text);
    const [, first = ""] = pathname.split("/");
    if (username) context.addIssue("must not hold a user: give scheme, host and path alone");
    else if (search || hash) context.addIssue("must end with its path: remove what follows ? or #");
    else if (!/^(\/[\w.~-]+)*\/?$/.test(pathname))
      context.addIssue(
        "must have a path of letters, digits and . _ ~ - alone, such as https://example.com/ops",
      );
    else if (ownFirstParts.has(first))
      context.addIssue(
        `must not have a path that begins with /${first}, which is a path of the console itself`,
      );
  }
});

/** The path of the public URL without a trailing slash, such as `/ops`; empty at the root of a host. */
export const basePathOf = (url: string | undefined) =>
  url === undefined ? "" : new URL(url).pathname.replace(/\/+$/, "");
