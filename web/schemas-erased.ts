import type { Plugin } from "vite";

type Node = { type: string; start: number; end: number };
type Span = Pick<Node, "start" | "end">;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value && "end" in value;

const childrenOf = (node: Node): Node[] => {
  const values: unknown[] = Object.values(node).flat();
  return values.filter(isNode);
};

/** The identifier at which a chain such as `z.string().min(1)` begins. */
const rootOf = (node: Node): string | undefined => {
  if (node.type === "Identifier" && "name" in node) return String(node.name);
  const next =
    node.type === "CallExpression" && "callee" in node
      ? node.callee
      : node.type === "MemberExpression" && "object" in node
        ? node.object
        : undefined;
  return isNode(next) ? rootOf(next) : undefined;
};

const spansOf = (node: Node): Span[] =>
  node.type === "CallExpression" && rootOf(node) === "z" ? [node] : childrenOf(node).flatMap(spansOf);

/** The code with every schema that is built from zod replaced by `z` itself. */
const eraseSchemas = (code: string, program: Node): string => {
  let erased = "";
  let at = 0;
  for (const { start, end } of spansOf(program)) {
    erased += `${code.slice(at, start)}z`;
    at = end;
  }
  return erased + code.slice(at);
};

/**
 * Leaves the text of schemas out of the bundle: `lib/zod-erased.ts` makes them inert in any case, and what builds them
 * is a tenth of the first script.
 */
export const schemasErased = (): Plugin => ({
  name: "schemas-erased",
  apply: "build",
  enforce: "post",
  transform: {
    filter: { id: /\/shared\/src\/.*\.ts$/, code: /\bz\./ },
    handler(code) {
      return { code: eraseSchemas(code, this.parse(code)), map: null };
    },
  },
});
