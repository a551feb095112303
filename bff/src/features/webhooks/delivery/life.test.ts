import { test } from "vitest";
import { checkLife } from "../testing/life.fixture.ts";

test(
  "no interleaving of attempts, crash, replay, discard, disabling and postponing loses, doubles or wrongly revives a delivery",
  {
    timeout: 120_000,
  },
  () => checkLife({ runs: 15, steps: 25 }),
);
