export { createServersAspect, publicServers } from "./aspect.ts";
export { createServersBoard } from "./board.ts";
export { createPostgresSource } from "./postgres-source.ts";
export { createRedisSource } from "./redis-source.ts";
