import { expect, test } from "vitest";
import { keepFirstAnswers, takeFirstAnswer } from "./first-answers.ts";

test("an answer that came with the page is given once, and to its own organization only", () => {
  keepFirstAnswers("northwind", { "/queues": { items: [] } });
  expect(takeFirstAnswer("contoso", "/api/v1/queues")).toBeUndefined();
  expect(takeFirstAnswer(undefined, "/api/v1/queues")).toBeUndefined();
  expect(takeFirstAnswer("northwind", "/api/v1/queues?at=2026-11-19T09:00:00Z")).toBeUndefined();
  expect(takeFirstAnswer("northwind", "/api/v1/queues")).toEqual({ items: [] });
  expect(takeFirstAnswer("northwind", "/api/v1/queues")).toBeUndefined();
});
