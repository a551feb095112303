import { expect, test } from "vitest";
import { pageTitle } from "./title.ts";

test("the tab names verdict, page and organization, and the moment of the past first", () => {
  const queues = { page: "Queues", organization: "Northwind" };
  expect(pageTitle("2 down", queues, null)).toBe("2 down · Queues · Northwind · Wheelhouse");
  expect(pageTitle("OK", { page: "Overview", organization: "Northwind" }, null)).toBe(
    "OK · Northwind · Wheelhouse",
  );
  expect(pageTitle(null, queues, "2026-11-19T09:14:10.000Z")).toBe(
    "As of 09:14:10 UTC · Queues · Northwind · Wheelhouse",
  );
});
