import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestApp } from "./access-app.ts";
import { signInAs } from "./access-client.ts";
import { createTestDatabase } from "./stack.ts";

/**
 * The application watching its own Redis for `northwind`, as the demo does, and its operators: `other` is the admin of
 * an unrelated organization. `caches`: lines of wheelhouse.yaml that declare caches.
 */
export async function startWatchedApp(
  redisUrl: string,
  { caches = [] }: { caches?: readonly string[] } = {},
) {
  const urls = await createTestDatabase();
  const sources = join(mkdtempSync(join(tmpdir(), "wheelhouse-sources-")), "wheelhouse.yaml");
  const declared =
    caches.length === 0 ? "" : `    caches:\n${caches.map((line) => `      - ${line}\n`).join("")}`;
  writeFileSync(sources, `redis:\n  - id: primary\n    organization: northwind\n${declared}`);
  const it = await startTestApp({ urls, redisUrl, environment: { WHEELHOUSE_CONFIG: sources } });
  const [operator, viewer, admin, other] = await Promise.all([
    signInAs(it, "operator"),
    signInAs(it, "viewer"),
    signInAs(it, "admin"),
    signInAs(it, "admin", "contoso"),
  ]);
  return { it, people: { operator, viewer, admin, other } };
}
export type WatchedPeople = Awaited<ReturnType<typeof startWatchedApp>>["people"];
