import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";

const web = fileURLToPath(new URL("../../web/", import.meta.url));

/** States of parts that have nothing in them, and parts without a state, in one look at the whole page. */
const undrawn = (page: Page, names: string[]) =>
  page.evaluate((wanted) => {
    const sections = [...document.querySelectorAll("section")];
    return wanted.flatMap((name) => {
      const part = sections.find((section) => section.querySelector("h2")?.textContent === name);
      return ["light", "dark"].flatMap((theme) => {
        const states = [...(part?.querySelectorAll(`.parts-pair > [data-theme=${theme}]`) ?? [])];
        if (states.length === 0) return [`${name} has no state in ${theme}`];
        return states.filter(({ innerHTML }) => innerHTML === "").map(() => `${name} in ${theme}`);
      });
    });
  }, names);

test("every part of the dashboard draws in every state, in both themes", async ({ page }) => {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  const vite = spawn(
    process.execPath,
    ["node_modules/vite/bin/vite.js", "--config", "parts/vite.config.ts", "--port", "0"],
    { cwd: web, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NO_COLOR: "1" } },
  );
  const exited = once(vite, "exit");
  try {
    let output = "";
    vite.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const address = () => /http:\S+/.exec(output)?.[0] ?? "";
    await expect.poll(address, { timeout: 30_000 }).not.toBe("");
    await page.goto(address());
    const links = page.getByRole("navigation", { name: "Parts" }).getByRole("link");
    await expect(links.first()).toBeVisible();
    const names = await links.allInnerTexts();
    expect(names.length).toBeGreaterThan(30);
    await expect.poll(() => undrawn(page, names), { timeout: 30_000 }).toEqual([]);
    // A part that covers a page has its own frame, and frames load one after the other.
    for (const frame of await page.locator("#form-dialog .parts-frame").all()) {
      await frame.scrollIntoViewIfNeeded();
      await expect(frame.frameLocator("iframe").getByRole("dialog")).toBeVisible();
    }
    await page.goto(`${address()}?part=Confirm+dialog&state=destructive&theme=dark`);
    await expect(page.getByRole("button", { name: "Delete orders" })).toBeVisible();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    expect(faults).toEqual([]);
  } finally {
    vite.kill("SIGTERM");
    await exited;
  }
});
