import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";

const folder = new URL("../../../shared/src/", import.meta.url);

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === "object" && value !== null && "method" in value && "path" in value && "access" in value;

/** Every endpoint of every file of the contract, so that a new one is tested without being listed anywhere. */
export async function readContract(): Promise<readonly Endpoint[]> {
  const names = readdirSync(fileURLToPath(folder)).filter((name) => /^[a-z-]+\.ts$/.test(name));
  const tables: object[] = await Promise.all(names.map((name) => import(new URL(name, folder).href)));
  return tables.flatMap((table) => Object.values(table).filter(isEndpoint));
}
