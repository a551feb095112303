import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("docs/architecture.md", root), "utf8");

/** The steps of a walk, each with the files that it names. */
function stepsOf(heading: string) {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return [...text.matchAll(/^\d+\. (.*)$/gm)].map(([, step = ""]) => ({
    isTurn: step.startsWith("Turn back to "),
    files: [...step.matchAll(/`((?:bff|shared|web)\/[^`]+)`/g)].map(([, file = ""]) => file),
  }));
}

describe.each(["One delivery, file by file", "One queue's depth, file by file"])("%s", (heading) => {
  const steps = stepsOf(heading);
  const files = steps.flatMap((step) => step.files);

  test("names files that exist, at most 16", () => {
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
    expect(steps.filter((step) => step.files.length === 0)).toEqual([]);
    expect(new Set(files).size).toBeGreaterThan(10);
    expect(new Set(files).size).toBeLessThanOrEqual(16);
  });

  test("turns back at most twice, and only where it says so", () => {
    const passed = new Set<string>();
    const turns = steps.filter((step) => {
      const isBack = step.files.some((file) => passed.has(file));
      for (const file of step.files) passed.add(file);
      return isBack;
    });
    expect(turns).toEqual(steps.filter(({ isTurn }) => isTurn));
    expect(turns.length).toBeLessThanOrEqual(2);
  });
});
