export { createHierarchy, type Hierarchy } from "./service.ts";
