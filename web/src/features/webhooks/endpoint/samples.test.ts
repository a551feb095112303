import { expect, test } from "vitest";
import { nodeSample, pythonSample } from "./samples.ts";

const receiver = { url: "https://a.example/hooks?x=1", headers: [{ name: "x-tenant" }] };

test.each([nodeSample(receiver), pythonSample(receiver)])(
  "a sample verifies at the endpoint's path",
  (sample) => {
    expect(sample).toContain('"/hooks?x=1"');
    expect(sample).toContain("Also sent: x-tenant");
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"])
      expect(sample).toContain(name);
  },
);
