import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Product } from "./product.ts";

const connections = z.object({ databaseAdminUrl: z.string(), redisUrl: z.string() }).partial();

/** Address of the Redis that the product watches, as its data folder tells it to people who attach programs. */
export const redisUrlOf = (product: Product): string => {
  const found = connections.parse(
    JSON.parse(readFileSync(join(product.dataDir, "connections.json"), "utf8")),
  );
  if (!found.redisUrl) throw new Error("connections.json names no Redis");
  return found.redisUrl;
};
