// What the package `@wheelhouse/reporter` offers; its folder is `reporter/`.
export {
  type AttachContext,
  type AttachedBreaker,
  type CacheSource,
  Refusal,
} from "./attached.ts";
export type { BentocacheOptions } from "./bentocache.ts";
export { type CacheCounters, createCacheCounters } from "./cache-counters.ts";
export type { CockatielOptions } from "./cockatiel.ts";
export type { Report, ReportedBreaker, ReportedCache, ReportedProcess } from "./report.ts";
export { createReporter, type Reporter, type ReporterOptions } from "./reporter.ts";
