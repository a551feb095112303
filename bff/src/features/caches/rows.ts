import type { CacheRow, RedisDetail } from "@wheelhouse/shared/caches/caches.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedCache = CacheRow & { organization: string };
export type ObservedRedisDetail = RedisDetail & { organization: string };

export const cacheRows = aspectKey<ObservedCache>("caches");
export const redisDetailRows = aspectKey<ObservedRedisDetail>("redisDetails");
