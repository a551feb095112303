/**
 * Replaces zod in the browser bundle. Every expression that builds a schema yields the same inert value;
 * reading a result from it throws, so that nobody mistakes it for validation.
 */
const inert: unknown = new Proxy(() => undefined, {
  get(_target, property) {
    if (property === "parse" || property === "safeParse" || property === "parseAsync") {
      throw new Error("Schemas are erased in the browser; validate with lib/search-params.ts");
    }
    return inert;
  },
  apply: () => inert,
});

export const z = inert;
