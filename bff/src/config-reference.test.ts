import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadConfig, variables } from "./config.ts";
import { configurationPage, ungroupedVariables, variableReference } from "./config-reference.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md is that of the schema (else: npm run configuration)", () => {
  expect(page).toBe(configurationPage());
});

test("every variable of the schema stands in the page once, with a default and an example", () => {
  expect(ungroupedVariables()).toEqual([]);
  for (const name of Object.keys(variables.shape)) {
    const rows = page.split("\n").filter((line) => new RegExp(`^\\| (\\*\\*)?\`${name}\``).test(line));
    expect(rows, name).toHaveLength(1);
    const [row = ""] = rows;
    const cells = row.split(" | ");
    expect(cells, row).toHaveLength(5);
    expect(
      cells.filter((cell) => cell.trim() === ""),
      row,
    ).toEqual([]);
  }
});

test("all examples together are a configuration that is accepted", () => {
  // A deployment names what it watches in its file.
  const examples = Object.entries(variableReference)
    .filter(([name]) => name !== "WHEELHOUSE_WATCH")
    .map(([name, { example }]) => [name, example]);
  expect(loadConfig(Object.fromEntries(examples))).toMatchObject({ production: true, demo: false });
});
