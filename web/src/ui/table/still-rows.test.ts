import { expect, test } from "vitest";
import { keepPlaces } from "./still-rows.ts";

const row = (id: string, failed: number) => ({ id, failed });
const keyOf = ({ id }: { id: string }) => id;

test("rows keep their places under the pointer with their newest figures; new ones follow, gone ones leave", () => {
  const places = ["pay", "mail", "stock"];
  const resorted = [row("new", 9), row("stock", 7), row("pay", 3)];
  expect(keepPlaces(places, resorted, keyOf)).toEqual([row("pay", 3), row("stock", 7), row("new", 9)]);
});
