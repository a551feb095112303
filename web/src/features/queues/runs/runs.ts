export { ActsOnAll } from "./acts-on-all.tsx";
