/** A pattern as an expression for whole keys: `*` stands for any text, `?` for one character. */
export const globExpression = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  );

/** The same pattern for Redis' MATCH behind a prefix, where brackets would have a meaning of their own. */
export const globMatch = (prefix: string, pattern: string): string =>
  `${prefix.replace(/[*?[\]\\]/g, "\\$&")}${pattern.replace(/[[\]\\]/g, "\\$&")}`;
