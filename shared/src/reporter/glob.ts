/** A pattern as an expression for whole keys: `*` matches any text, `?` one character. */
export const globExpression = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  );

/**
 * The same pattern for Redis' MATCH below a prefix, with brackets escaped because MATCH would interpret them.
 */
export const globMatch = (prefix: string, pattern: string): string =>
  `${prefix.replace(/[*?[\]\\]/g, "\\$&")}${pattern.replace(/[[\]\\]/g, "\\$&")}`;
