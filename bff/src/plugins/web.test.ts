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

test("an unknown path is not found", async () => {
  expect((await app.inject({ method: "GET", url: "/no-such-page" })).statusCode).toBe(404);
});

test("below a path, the page names its files, its preloads and that path; at the root it names no path", async () => {
  await writeFile(
    join(distDir, "index.html"),
    '<html><head><script src="./theme.js"></script><link href="./icons/a.svg"></head><body></body></html>',
  );
  await writeFile(
    join(distDir, ".vite/manifest.json"),
    JSON.stringify({ "src/features/queues/queues-page.tsx": { file: "assets/queues.js" } }),
  );
  const pageBelow = async (basePath: string) => {
    const server = Fastify();
    await registerWeb(server, { distDir, basePath, firstPaint: async () => null });
    const { body } = await server.inject({ method: "GET", url: "/o/northwind/queues" });
    await server.close();
    return body;
  };
  expect(await pageBelow("/tools/ops")).toBe(
    '<html><head><script src="/tools/ops/theme.js"></script><link href="/tools/ops/icons/a.svg">' +
      '<meta name="base-path" content="/tools/ops"><link rel="modulepreload" crossorigin href="/tools/ops/assets/queues.js">' +
      "</head><body></body></html>",
  );
  const atRoot = await pageBelow("");
  expect(atRoot).toContain('src="/theme.js"');
  expect(atRoot).not.toContain("base-path");
});
