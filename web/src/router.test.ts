import { QueryClient } from "@tanstack/react-query";
import { createMemoryHistory } from "@tanstack/react-router";
import { organizationPageList, pagePaths } from "@wheelhouse/shared/pages.ts";
import { expect, test } from "vitest";
import { createAppRouter } from "./router.ts";

const router = createAppRouter(new QueryClient());
router.update({ ...router.options, history: createMemoryHistory() });
const routes = Object.keys(router.routesByPath);

test("every declared page has a route, with and without an organization", () => {
  const declared = [...pagePaths, ...organizationPageList.map(({ path }) => `/o/$org${path}`)];
  expect(declared.filter((path) => !routes.includes(path))).toEqual([]);
});

test("every route is a declared page, so that the server answers its reload", () => {
  // The server answers any other path with the page, too, as not found.
  const answered = [
    "/o/$org",
    "/$",
    "/o/$org/$",
    ...pagePaths,
    ...organizationPageList.map(({ path }) => `/o/$org${path}`),
  ];
  expect(routes.filter((path) => !answered.includes(path))).toEqual([]);
});

test("no two pages share a key or a title", () => {
  const keys = organizationPageList.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const titles = organizationPageList.map(({ title }) => title);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(titles).size).toBe(titles.length);
});
