import { test as base, expect, type Page } from "@playwright/test";
import { type Api, type Credential, signIn } from "../fleet/api.ts";
import { type Product, readCredentials } from "./product.ts";

type Role = "viewer" | "operator" | "admin" | "auditor" | "superadmin";

export type Journey = {
  product: Product;
  /** Demo user by role, of the first root organization by default. */
  user: (role: Role, root?: "first" | "second") => Credential;
  /** The same person by API, without a browser. */
  api: (credential: Credential) => Promise<Api>;
};

/** Signs in by the form, like a person, and waits for the overview. */
export const signInByForm = async (page: Page, { email, password }: Credential): Promise<void> => {
  await page.goto("/");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
};

/** Signs in without a page, for journeys that start behind it: the next opened page knows the person. */
export const signInByApi = async (page: Page, { email, password }: Credential): Promise<void> => {
  const answer = await page.request.post("/api/v1/session", {
    data: { email, password },
    headers: { "sec-fetch-site": "same-origin" },
  });
  expect(answer.status(), `sign-in of ${email}`).toBe(200);
};

/** Opens a page by the navigation on the left. */
export const goByNavigation = async (page: Page, name: string): Promise<void> => {
  const navigation = page.getByRole("navigation", { name: "Main", exact: true });
  await navigation.getByRole("link", { name: new RegExp(`^${name}`) }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
};

type Shift = { value: number; moved: string };
type Source = { node: Node | null; previousRect: DOMRect; currentRect: DOMRect };

/** Starts recording, from the next navigation on, which elements move while a page loads. */
export const watchShifts = async (page: Page): Promise<void> => {
  await page.addInitScript(() => {
    const shifts: Shift[] = [];
    Reflect.set(window, "journeyShifts", shifts);
    const elementOf = (node: Node | null) => (node instanceof Element ? node : (node?.parentElement ?? null));
    const areaOf = ({ width, height }: DOMRect) => width * height;
    // New rows at the top of a live list move the others down and push the last ones out, which is intended.
    // So is that a row leaves the list; what is no longer in the page has no list around it.
    const isLive = (element: Element | null) =>
      element === null || !element.isConnected || element.closest("tbody, ol, ul") !== null;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (Reflect.get(entry, "hadRecentInput") === true) continue;
        const sources: Source[] = Reflect.get(entry, "sources") ?? [];
        const moved = sources.map(({ node, previousRect, currentRect }) => ({
          element: elementOf(node),
          area: Math.max(areaOf(previousRect), areaOf(currentRect)),
        }));
        const still = moved.filter(({ element }) => !isLive(element));
        const sum = (of: typeof moved) => of.reduce((total, { area }) => total + area, 0);
        // One entry tells of all that moved in a frame: only the share outside live lists counts.
        const share = moved.length === 0 ? 1 : sum(still) / Math.max(1, sum(moved));
        if (share === 0) continue;
        shifts.push({
          value: Number(Reflect.get(entry, "value")) * share,
          moved: still.map(({ element }) => `${element?.tagName} ${element?.className}`).join(", "),
        });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
};

/**
 * Waits until nothing is loading, then expects that the page did not move until then, by the browser's own measure
 * (CLS).
 */
export const expectStill = async (page: Page, name: string): Promise<void> => {
  await expect(page.locator(".sk")).toHaveCount(0);
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  const shifts: Shift[] = await page.evaluate(() => Reflect.get(window, "journeyShifts"));
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  const moved = shifts.map(({ value, moved }) => `${value.toFixed(3)} ${moved}`).join("\n");
  expect(sum, `${name} moves:\n${moved}`).toBeLessThan(0.1);
};

export const test = base.extend<Journey>({
  product: async ({ baseURL }, use) => {
    const dataDir = process.env.E2E_DATA_DIR;
    if (!baseURL || !dataDir) throw new Error("the global setup started no product");
    await use({ baseUrl: baseURL, dataDir });
  },
  user: async ({ product }, use) => {
    const credentials = readCredentials(product);
    const firstRoot = credentials[0]?.organization;
    await use((role, root = "first") => {
      const found = credentials.find(
        (one) =>
          one.role === role &&
          (root === "first" || (one.organization !== firstRoot && one.role !== "superadmin")),
      );
      if (!found) throw new Error(`credentials.json names no ${role} of the ${root} root`);
      return found;
    });
  },
  api: async ({ product }, use) => {
    await use(({ email, password }) => signIn(product.baseUrl, email, password));
  },
});

export { expect };

/** Every page of the navigation; `row`: demo data that its list shows and that opens a drawer. */
export const mainPages: readonly { name: string; path: string; row?: string }[] = [
  { name: "Overview", path: "/overview" },
  { name: "Services", path: "/services", row: "Billing" },
  { name: "Breakers", path: "/breakers", row: "charge-card" },
  { name: "Cache", path: "/caches", row: "products" },
  { name: "Queues", path: "/queues", row: "orders" },
  { name: "Webhooks", path: "/webhooks" },
  { name: "Audit", path: "/audit" },
  { name: "Access", path: "/access" },
];

/**
 * Answers one request as the server does if the sign-in was more than five minutes ago. The route stays in place: a
 * request that starts while a route ends may never get its answer.
 * @param url glob of the request
 */
export const requireStepUpOnce = async (page: Page, url: string): Promise<void> => {
  const error = { code: "step_up_required", message: "Confirm to go on.", requestId: "req_1" };
  let isAnswered = false;
  await page.route(url, (route) => {
    if (isAnswered) return route.continue();
    isAnswered = true;
    return route.fulfill({ status: 403, json: { error } });
  });
};
