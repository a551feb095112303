export { createRedisAspect, type RedisServers } from "./aspect.ts";
export { createRedisDetails, type DetailedServer } from "./details.ts";
