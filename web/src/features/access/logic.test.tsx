import { tokenCapabilities } from "@wheelhouse/shared/access/rights.ts";
import type { ApiToken } from "@wheelhouse/shared/access/tokens.ts";
import { capabilities, capabilitiesOf, roles } from "@wheelhouse/shared/capabilities.ts";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { RolePicker } from "./members/role-picker.tsx";
import { signsInWith } from "./members/roles.ts";
import { rightsRows } from "./rights.ts";
import { readAccessSearch } from "./search.ts";
import { presets, toldBy } from "./tokens/presets.ts";
import { tokenWarning } from "./tokens/token-warning.ts";

describe("the table of roles", () => {
  it("distinguishes every pair of roles and grants the superadmin everything", () => {
    const columns = roles.map((role) => rightsRows().map(({ holds }) => holds.includes(role)));
    expect(new Set(columns.map((column) => column.join())).size).toBe(roles.length);
    expect(rightsRows().every(({ holds }) => holds.includes("superadmin"))).toBe(true);
  });

  it("lists no permission that a role lacks", () => {
    const signOff = rightsRows().find(({ label }) => label === "Sign off reviews");
    expect(signOff?.holds).toEqual(roles.filter((role) => capabilitiesOf[role].includes("audit:sign-off")));
    const seen = rightsRows().find(({ label }) => label.startsWith("View all pages"));
    expect(seen?.holds).toEqual([...roles]);
    expect(capabilities.length).toBeGreaterThan(15);
  });

  it("offers the assignable roles and shows the current one", () => {
    const html = renderToStaticMarkup(
      <RolePicker value="admin" offered={["viewer", "operator"]} onChange={() => undefined} />,
    );
    expect(html).not.toContain("Superadmin");
    expect(html).not.toContain("Auditor");
    expect(html).toMatch(/<input[^>]*disabled=""[^>]*value="admin"|<input[^>]*value="admin"[^>]*disabled=""/);
  });
});

it.each([
  [{ hasPassword: true, hasIdentity: false }, "Password"],
  [{ hasPassword: false, hasIdentity: true }, "OpenID Connect"],
  [{ hasPassword: true, hasIdentity: true }, "OpenID Connect or password"],
  [{ hasPassword: false, hasIdentity: false }, "Not yet"],
])("%o reads as %s", (how, text) => {
  expect(signsInWith(how)).toBe(text);
});

describe("presets of a token's permissions", () => {
  it("offer only what a token can have, each something else", () => {
    const sets = presets.map((preset) => preset.capabilities);
    for (const set of sets) {
      expect(set.length).toBeGreaterThan(0);
      expect(set.every((one) => tokenCapabilities.includes(one))).toBe(true);
    }
    expect(new Set(sets.map((set) => set.join())).size).toBe(presets.length);
    expect(presets.find(({ id }) => id === "read")?.capabilities.every((one) => one.endsWith(":read"))).toBe(
      true,
    );
  });

  it("name a token by the widest that it fills, and the rest one by one", () => {
    const [read, operate] = presets;
    expect(toldBy(operate?.capabilities ?? [])).toEqual({ whole: ["operate"], rest: [] });
    expect(toldBy([...(read?.capabilities ?? []), "audit:export"])).toEqual({
      whole: ["read"],
      rest: ["audit:export"],
    });
    expect(toldBy(["queues:read"])).toEqual({ whole: [], rest: ["queues:read"] });
  });
});

describe("token warnings", () => {
  const nowMs = Date.parse("2026-11-19T09:00:00Z");
  const token: ApiToken = {
    id: "01900000-0000-7000-8000-0000000000aa",
    name: "deploy-bot",
    prefix: "wh_abcdefgh",
    capabilities: ["queues:read"],
    createdBy: { id: "01900000-0000-7000-8000-0000000000ab", name: "A" },
    createdAt: "2026-08-01T00:00:00Z",
    expiresAt: null,
    state: "active" as const,
    lastUsedAt: "2026-11-19T08:00:00Z",
  };

  it.each([
    [{}, null],
    [{ lastUsedAt: "2026-08-18T11:02:00Z" }, "unused"],
    [{ lastUsedAt: null }, "unused"],
    [{ lastUsedAt: null, createdAt: "2026-11-18T00:00:00Z" }, null],
    [{ expiresAt: "2026-11-26T00:00:00Z" }, "ends"],
    [{ expiresAt: "2026-12-26T00:00:00Z" }, null],
    [{ expiresAt: "2026-11-19T08:59:59Z" }, "expired"],
    [{ state: "suspended" as const, expiresAt: "2026-11-26T00:00:00Z" }, "suspended"],
  ])("%o is %s", (part, warning) => {
    expect(tokenWarning({ ...token, ...part }, nowMs)).toBe(warning);
  });
});

it("an unreadable URL opens the page without the unreadable parts", () => {
  expect(readAccessSearch({ tab: "tokens", role: "king", q: " a ", member: "1 or 1=1" })).toEqual({
    tab: "tokens",
    role: undefined,
    q: "a",
    member: undefined,
  });
});
