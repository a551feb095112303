import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { organizationPageList, pagePaths } from "@wheelhouse/shared/pages.ts";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerWeb } from "./web.ts";

let app: FastifyInstance;
let distDir: string;
beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), "wheelhouse-web-"));
  await mkdir(join(distDir, ".vite"));
  await writeFile(join(distDir, ".vite/manifest.json"), "{}");
  await writeFile(join(distDir, "index.html"), "<html><head></head><body><!--boot--></body></html>");
  app = Fastify();
  await registerWeb(app, { distDir, basePath: "", firstPaint: async () => null });
});
afterAll(async () => {
  await app.close();
  await rm(distDir, { recursive: true });
});

test.each([...pagePaths, ...organizationPageList.map(({ path }) => `/o/northwind${path}`)])(
  "reloading %s returns the page",
  async (url) => {
    const answer = await app.inject({ method: "GET", url });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toContain("text/html");
  },
);

test("an unknown path is not found: a person gets the console, a program the API's answer", async () => {
  const get = (url: string, accept?: string) =>
    app.inject({ method: "GET", url, headers: accept === undefined ? {} : { accept } });
  for (const url of ["/no-such-page", "/o/northwind/no-such-page", "/o/northwind/queues/no-such-page"]) {
    const page = await get(url, "text/html,*/*;q=0.8");
    expect([page.statusCode, page.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect((await get(url)).headers["content-type"]).toContain("application/json");
  }
  for (const url of ["/api/v1/no-such-operation", "/assets/no-such-file.js"])
    expect((await get(url, "text/html")).headers["content-type"]).toContain("application/json");
});

test("below a path, the page names its files, its preloads and that path; at the root it names no path", async () => {
  await writeFile(
    join(distDir, "index.html"),
    '<html><head><script nonce="%nonce%">0</script><link href="./assets/a.css"></head><body></body></html>',
  );
  await writeFile(
    join(distDir, ".vite/manifest.json"),
    JSON.stringify({ "src/features/queues/page.tsx": { file: "assets/queues.js" } }),
  );
  const pageBelow = async (basePath: string) => {
    const server = Fastify();
    await registerWeb(server, { distDir, basePath, firstPaint: async () => null });
    const { body, headers } = await server.inject({ method: "GET", url: "/o/northwind/queues" });
    await server.close();
    const [, nonce = ""] = /'nonce-([^']+)'/.exec(String(headers["content-security-policy"])) ?? [];
    expect(nonce).not.toBe("");
    return body.replace(`nonce="${nonce}"`, "with its nonce");
  };
  expect(await pageBelow("/tools/ops")).toBe(
    '<html><head><script with its nonce>0</script><link href="/tools/ops/assets/a.css">' +
      '<meta name="base-path" content="/tools/ops"><link rel="modulepreload" crossorigin href="/tools/ops/assets/queues.js">' +
      "</head><body></body></html>",
  );
  const atRoot = await pageBelow("");
  expect(atRoot).toContain('href="/assets/a.css"');
  expect(atRoot).not.toContain("base-path");
});
