export type {
  CacheSource,
  Catalogue,
  DeclaredCache,
  WatchedServer,
  WatchedService,
  WatchedSources,
  WatchedTarget,
} from "./catalogue.ts";
export { loadSources, SourcesError } from "./file.ts";
export { declaredCacheOf, prefixMistake, serviceMistakes } from "./schema.ts";
export { type BadFile, createSourcesFile, type SourcesFile } from "./watch.ts";
