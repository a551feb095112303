import { test } from "vitest";
import { checkLife } from "../testing/life.fixture.ts";

test(
  "no interleaving of up to 80 steps loses, doubles or wrongly revives a delivery",
  {
    timeout: 1_800_000,
  },
  () => checkLife({ runs: 400, steps: 80 }),
);
