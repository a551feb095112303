import { createServer } from "node:net";
import { expect, goByNavigation, test as journey } from "../product/journey.ts";
import { makeSource } from "../product/own-endpoint.ts";
import { startPathProxy } from "../product/path-proxy.ts";
import { type StartedProduct, startProduct } from "../product/product.ts";

const basePath = "/tools/ops";

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

for (const takesPathOff of [true, false]) {
  type Served = { own: StartedProduct; outside: readonly string[] };
  const test = journey.extend<object, { served: Served }>({
    served: [
      async ({ browserName: _ }, use) => {
        const targetPort = await freePort();
        const proxy = await startPathProxy({ basePath, targetPort, takesPathOff });
        const own = await startProduct({
          PORT: String(targetPort),
          WHEELHOUSE_PUBLIC_URL: `${proxy.url}/`,
          WHEELHOUSE_TRUST_PROXY: "1",
          WHEELHOUSE_FLEET: "0",
        });
        await use({ own, outside: proxy.outside });
        await own.stop();
        proxy.stop();
      },
      { scope: "worker", timeout: 120_000 },
    ],
    product: async ({ served }, use) => use(served.own),
    baseURL: async ({ served }, use) => use(served.own.baseUrl),
  });

  test(`below a path that the proxy ${takesPathOff ? "takes off" : "leaves on"}, sign-in, live updates, reloads, API and sign-out work`, async ({
    page,
    user,
    api,
    product,
    served,
    context,
  }) => {
    const { email, password, organization } = user("admin");
    const below = (path: string) => `${product.baseUrl}${path}`;
    expect(new URL(product.baseUrl).pathname).toBe(basePath);

    // A link without an organization leads through the sign-in to its page.
    await page.goto(below("/audit?action=webhooks.source.create"));
    await expect(page).toHaveURL(new RegExp(`${basePath}/signin`));
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    const opensSocket = page.waitForEvent("websocket");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Audit", level: 1 })).toBeVisible();
    expect(page.url()).toContain(below(`/o/${organization}/audit?`));
    expect(await context.cookies()).toMatchObject([{ name: "wheelhouse", path: basePath }]);

    const socket = await opensSocket;
    expect(new URL(socket.url()).pathname).toBe(`${basePath}/live/`);
    await expect(page.getByTestId("freshness")).toContainText("Live");
    const { slug } = await makeSource(await api(user("admin")));
    await expect(page.getByRole("row").filter({ hasText: slug }).first()).toBeVisible();

    await page.reload();
    await expect(page.getByRole("row").filter({ hasText: slug }).first()).toBeVisible();
    await goByNavigation(page, "Webhooks");
    expect(page.url()).toContain(below(`/o/${organization}/webhooks`));
    await page.getByRole("link", { name: "Sources" }).click();
    await expect(page.getByTitle(below(`/hooks/${organization}/${slug}`))).toBeVisible();

    await page.getByRole("button", { name: /^Account menu/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(page).toHaveURL(below("/signin"));
    expect(await context.cookies()).toEqual([]);
    expect(served.outside).toEqual([]);
  });
}
