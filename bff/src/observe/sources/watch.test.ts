import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { SourcesError } from "./file.ts";
import { createSourcesFile, type SourcesFile } from "./watch.ts";

const log = pino({ level: "silent" });
let folder: string;
let path: string;
let file: SourcesFile | undefined;
const good = (...ids: string[]) =>
  `services:\n${ids.map((id) => `  - { id: ${id}, url: "http://127.0.0.1:1" }`).join("\n")}\n`;
const ids = () => file?.current().services.map(({ id }) => id);
const open = () => {
  file = createSourcesFile({ path, log, clock: systemClock });
  file.start();
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wheelhouse-watch-"));
  path = join(folder, "wheelhouse.yaml");
  writeFileSync(path, good("a"));
});
afterEach(() => {
  file?.stop();
  rmSync(folder, { recursive: true });
});

test("an edit is picked up automatically, whether the file is edited in place or replaced", async () => {
  open();
  const heard: string[][] = [];
  file?.onChange(({ services }) => heard.push(services.map(({ id }) => id)));
  writeFileSync(path, good("a", "b"));
  await expect.poll(ids, { timeout: 5_000 }).toEqual(["a", "b"]);
  writeFileSync(join(folder, "new"), good("c"));
  renameSync(join(folder, "new"), path);
  await expect.poll(ids, { timeout: 5_000 }).toEqual(["c"]);
  expect(heard).toEqual([["a", "b"], ["c"]]);
});

test("a bad edit keeps the last good list and reports what is wrong until it is fixed", async () => {
  open();
  writeFileSync(path, "services:\n  - id: a\n    url: nonsense\n");
  await expect
    .poll(() => file?.status().problems, { timeout: 5_000 })
    .toEqual([expect.stringContaining("line 3: services.a.url: must be a URL")]);
  expect(ids()).toEqual(["a"]);
  expect(file?.status().failingSince).not.toBeNull();
  expect(file?.bad()).toMatchObject({ name: "wheelhouse.yaml", organizations: ["platform"] });
  expect(Date.parse(file?.bad()?.goodAt ?? "")).toBeLessThanOrEqual(Date.parse(file?.bad()?.since ?? ""));
  rmSync(path);
  await expect.poll(() => file?.status().problems, { timeout: 5_000 }).toEqual(["cannot be read"]);
  expect(ids()).toEqual(["a"]);
  writeFileSync(path, good("a"));
  await expect.poll(() => file?.status().problems, { timeout: 5_000 }).toEqual([]);
  expect(file?.status().failingSince).toBeNull();
  expect(file?.bad()).toBeNull();
});

test("the start fails if the first read is bad", () => {
  writeFileSync(path, "services: [}");
  expect(open).toThrow(SourcesError);
});

test("a file that is suddenly empty keeps the last good list; one that says so on purpose does not", async () => {
  open();
  writeFileSync(path, "# all gone\n");
  await expect
    .poll(() => file?.status().problems, { timeout: 5_000 })
    .toEqual([expect.stringContaining("is empty: write {}")]);
  expect(ids()).toEqual(["a"]);
  writeFileSync(path, "{}\n");
  await expect.poll(ids, { timeout: 5_000 }).toEqual([]);
  expect(file?.status().problems).toEqual([]);
});

test("an edit that names an unknown organization keeps the last good list until the organization exists", async () => {
  let organizations: ReadonlySet<string> | null = null;
  file = createSourcesFile({ path, log, clock: systemClock, organizations: () => organizations });
  organizations = new Set(["platform"]);
  const edited = `${good("a")}  - { id: b, organization: acme, url: "http://127.0.0.1:1" }\n`;
  writeFileSync(path, edited);
  file.reload();
  expect(file.status().problems).toEqual([
    expect.stringContaining("line 3: services.b.organization: acme is not an organization"),
  ]);
  expect(ids()).toEqual(["a"]);
  organizations = new Set(["platform", "acme"]);
  file.recheck();
  expect([ids(), file.status().problems]).toEqual([["a", "b"], []]);
});

test("credentials of the file come from variables, change with it, and are in no list", () => {
  const guarded = (auth: string) => `services:\n  - { id: a, url: "http://127.0.0.1:1", auth: ${auth} }\n`;
  writeFileSync(path, guarded(`{ bearer: "\${WATCH_TEST_TOKEN}" }`));
  const variable = (name: string) => (name === "WATCH_TEST_TOKEN" ? "hunter2" : undefined);
  file = createSourcesFile({ path, log, clock: systemClock, variable });
  expect(file?.credentialsOf("a")).toEqual({ kind: "bearer", token: "hunter2" });
  expect(JSON.stringify(file?.current())).not.toContain("hunter2");
  writeFileSync(path, guarded("{ basic: { user: me, password: other } }"));
  file?.reload();
  expect(file?.credentialsOf("a")).toEqual({ kind: "basic", user: "me", password: "other" });
  for (const bad of [
    `{ bearer: "\${WATCH_TEST_NOTHING}" }`,
    "{ bearer: x, header: { name: a, value: b } }",
  ]) {
    writeFileSync(path, guarded(bad));
    file?.reload();
    expect(file?.status().problems).toEqual([
      expect.stringMatching(/line 2: services.a.auth.*(WATCH_TEST_NOTHING, which is not set|exactly one)/),
    ]);
  }
  expect(file?.credentialsOf("a")).toMatchObject({ kind: "basic" });
});
