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
  await registerWeb(app, { distDir, firstPaint: async () => null });
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
