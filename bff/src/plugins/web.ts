import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import compress from "@fastify/compress";
import fastifyStatic from "@fastify/static";
import { organizationPageList, pagePaths } from "@wheelhouse/shared/pages.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { preloadsOf, readManifest } from "./web-preloads.ts";

/** Data for the first paint, embedded in the page so that it waits for no API call. */
export type FirstPaint = { boot: unknown; html: string };

export type WebOptions = {
  /** Folder with the built dashboard. */
  distDir: string;
  /** Path below which people reach the console; empty at the root of a host. */
  basePath: string;
  /** The session and first snapshot of the request's organization; null without a session. */
  firstPaint(request: FastifyRequest): Promise<FirstPaint | null>;
};

// Characters that could close a script element or be read as HTML inside it.
const jsonForHtml = (value: unknown) =>
  JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");

/** Stands in the built page where the nonce of a request belongs. */
const noncePlace = "%nonce%";

const contentSecurityPolicy = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");

/** The built page names its files relatively; the page of a deep link needs their whole path. */
const completed = (html: string, basePath: string) =>
  html
    .replaceAll(/(src|href)="\.\//g, `$1="${basePath}/`)
    .replace("</head>", basePath === "" ? "</head>" : `<meta name="base-path" content="${basePath}"></head>`);

const organizationPage = /^\/o\/[^/]+(\/.*)?$/;

/** Whether the dashboard has a page at the URL. */
const isPage = (url: string): boolean => {
  const [path = ""] = url.split("?");
  const [, within = ""] = organizationPage.exec(path) ?? [];
  return organizationPage.test(path)
    ? ["", "/", ...organizationPageList.map((page) => page.path)].some((known) => known === within)
    : pagePaths.includes(path);
};

const isReadByPerson = ({ url, headers }: FastifyRequest): boolean =>
  !/^\/(api|assets|hooks|health|metrics|otlp)(\/|$|\?)/.test(url) &&
  headers.accept?.includes("text/html") === true;

/** Serves the dashboard: hashed assets, cached for a year, and the one page for every path outside the API. */
export async function registerWeb(app: FastifyInstance, { distDir, basePath, firstPaint }: WebOptions) {
  await app.register(compress, { global: true, threshold: 1024, encodings: ["br", "gzip"] });
  await app.register(fastifyStatic, {
    root: distDir,
    index: false,
    wildcard: false,
    preCompressed: true,
    maxAge: "365d",
    immutable: true,
  });
  const template = completed(await readFile(join(distDir, "index.html"), "utf8"), basePath);
  const manifest = await readManifest(distDir);
  const preloads = new Map<string, string>();
  const preloadsFor = (page: string): string => {
    // Only names that the build knows are cached, because a URL may contain anything.
    const known = preloads.get(page) ?? preloadsOf(manifest, page, { html: template, basePath });
    if (known !== "") preloads.set(page, known);
    return known;
  };

  const sendPage = async (request: FastifyRequest) => {
    const nonce = randomBytes(16).toString("base64");
    const paint = await firstPaint(request);
    const boot = paint
      ? `<script type="application/json" id="boot" nonce="${nonce}">${jsonForHtml(paint.boot)}</script>`
      : "";
    const [, page = "", area = ""] = /^\/(?:o\/[^/?]+\/)?(([a-z-]+)(?:\/[a-z-]+)?)/.exec(request.url) ?? [];
    // Before what people wrote is in it.
    const html = template
      .replaceAll(noncePlace, nonce)
      .replace("</head>", () => `${preloadsFor(page) || preloadsFor(area)}</head>`)
      .replace("<!--boot-->", () => boot)
      .replace("<!--paint-->", () => paint?.html ?? "");
    return { html, nonce };
  };

  for (const url of [...pagePaths, "/o/*", "/*"]) {
    app.get(url, { schema: { hide: true } }, async (request, reply) => {
      const isKnown = isPage(request.url);
      // A person who mistyped gets the console; a program that asks for a file or an operation an answer of the API.
      if (!isKnown && !isReadByPerson(request)) return reply.callNotFound();
      const { html, nonce } = await sendPage(request);
      return reply
        .status(isKnown ? 200 : 404)
        .header("content-security-policy", contentSecurityPolicy(nonce))
        .header("cache-control", "no-store")
        .type("text/html; charset=utf-8")
        .send(html);
    });
  }
}
