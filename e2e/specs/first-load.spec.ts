import type { Page } from "@playwright/test";
import { expect, mainPages, signInByApi, test } from "../product/journey.ts";

type Loaded = { kind: string; url: string; bytes: number };

/** Everything that a page loads by itself, with its size on the wire. */
const loadOf = async (page: Page, path: string): Promise<{ html: string; loaded: Loaded[] }> => {
  const session = await page.context().newCDPSession(page);
  const found = new Map<string, Loaded>();
  session.on("Network.requestWillBeSent", ({ requestId, request, type = "Other" }) => {
    if (!request.url.startsWith("data:"))
      found.set(requestId, { kind: type, url: new URL(request.url).pathname, bytes: 0 });
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const one = found.get(requestId);
    if (one) one.bytes = encodedDataLength;
  });
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const answer = await page.goto(path);
  const html = (await answer?.text()) ?? "";
  await page.waitForLoadState("networkidle");
  await session.detach();
  return { html, loaded: [...found.values()] };
};

/** What a page asks for beyond the list that is sent with it, as the last part of the path. */
const ownCalls = new Map([
  ["/overview", ["annotations", "series"]],
  ["/breakers", ["moves", "moves"]],
]);
const listed = ["/overview", "/services", "/breakers", "/queues"];

test.describe("the first load of a page", () => {
  for (const { name, path } of mainPages) {
    test(`${name}: the page names every script and style that it needs, and stays small`, async ({
      page,
      user,
    }) => {
      await signInByApi(page, user("admin"));
      // While nothing is watched yet, Overview asks whether there are sources.
      await expect
        .poll(async () => (await (await page.request.get("/api/v1/overview")).json()).sources.length)
        .toBeGreaterThan(0);
      const { html, loaded } = await loadOf(page, `/o/${user("admin").organization}${path}`);
      const files = loaded.filter(({ url }) => url.startsWith("/assets/"));
      expect(files.map(({ url }) => url).filter((url) => !html.includes(url))).toEqual([]);
      const bytes = files.reduce((sum, { bytes: size }) => sum + size, 0);
      expect(bytes, files.map(({ url, bytes: size }) => `${url} ${size}`).join("\n")).toBeLessThan(
        listed.includes(path) ? 175_000 : 185_000,
      );
      if (!listed.includes(path)) return;
      expect(loaded.length, loaded.map(({ url }) => url).join("\n")).toBeLessThanOrEqual(10);
      const calls = loaded.filter(({ url }) => url.includes("/api/"));
      expect(calls.map(({ url }) => url.split("/").at(-1)).sort()).toEqual(ownCalls.get(path) ?? []);
    });
  }
});
