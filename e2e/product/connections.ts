import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Product } from "./product.ts";

const connections = z.object({ databaseUrl: z.string(), redisUrl: z.string() });

/** Addresses of the product's servers, from the data folder's file for people who attach programs. */
export const connectionsOf = (product: Product): z.infer<typeof connections> =>
  connections.parse(JSON.parse(readFileSync(join(product.dataDir, "connections.json"), "utf8")));
