import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

/**
 * Writes the demo's list of watched sources into the data folder: Wheelhouse's own servers belong to the first
 * organization, another logical database of the same Redis to the second. Made anew at each start, because ports
 * may have changed. @returns its path.
 */
export function writeDemoSources({ dataDir, redisUrl }: { dataDir: string; redisUrl: string }): string {
  const second = new URL(redisUrl);
  second.pathname = "/1";
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const path = join(dataDir, "demo-sources.yaml");
  const content = {
    redis: [
      { id: "primary", name: "Redis primary", organization: "northwind" },
      { id: "contoso", name: "Redis contoso", url: second.href, organization: "contoso" },
    ],
    postgres: [{ id: "postgres", name: "Postgres", organization: "northwind" }],
  };
  writeFileSync(path, stringify(content), { mode: 0o600 });
  return path;
}
