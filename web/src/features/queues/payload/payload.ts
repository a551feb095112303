export { codeOf, jsonOf } from "./code.ts";
export { PayloadTree } from "./payload-tree.tsx";
