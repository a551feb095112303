import { expect, test } from "vitest";
import { readServerAddress } from "./server-address.ts";

test.each([
  ["redis", "redis://cache:6379/3"],
  ["redis", "rediss://user:p%40ss@cache?db=3&family=6"],
  ["redis", "redis://[2001:db8::1]:6379"],
  ["postgres", "postgres://reader:x@db:5432/shop?sslmode=require"],
  ["postgresql", "postgresql://db/shop"],
])("a %s address that leads where its host says is accepted: %s", (name, url) => {
  const kind = name === "redis" ? "redis" : "postgres";
  expect(readServerAddress({ kind, url })).toMatchObject({ url });
});

test.each([
  ["postgres", "postgres://db/shop?host=169.254.169.254"],
  ["postgres", "postgres://db/shop?HOST=elsewhere"],
  ["postgres", "postgres://db/shop?hostaddr=10.0.0.1"],
  ["postgres", "postgres://db/shop?port=1"],
  ["postgres", "postgres://db/shop?sslmode=require&sslkey=/etc/shadow"],
  ["postgres", "postgres://db/shop?sslrootcert=%2Fetc%2Fpasswd"],
  ["postgres", "postgres://db/shop?options=-c%20role%3Dx"],
  ["postgres", "postgres://%2Fvar%2Frun%2Fpostgresql/shop"],
  ["postgres", "postgres:///shop"],
  ["redis", "redis://cache?path=/run/redis.sock"],
  ["redis", "redis://cache?host=elsewhere"],
  ["redis", "redis:///3"],
  ["redis", "/run/redis.sock?db=2"],
  ["redis", "cache:6379"],
  ["redis", "postgres://cache"],
] as const)("an address of %s that leads elsewhere or reads a file is refused: %s", (kind, url) => {
  expect(readServerAddress({ kind, url })).toMatchObject({ problem: expect.stringMatching(/^must /) });
});
