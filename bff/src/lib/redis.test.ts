import { expect, test } from "vitest";
import { databaseOf } from "#lib/redis.ts";

test.each([
  ["redis://127.0.0.1:6379", 0],
  ["redis://127.0.0.1:6379/", 0],
  ["redis://127.0.0.1:6379/0", 0],
  ["redis://127.0.0.1:6379/3", 3],
  ["redis://127.0.0.1:6379?db=3", 3],
  ["redis://127.0.0.1:6379/?db=3", 3],
  ["redis://127.0.0.1:6379/2?db=3", 2],
  ["rediss://user:secret@redis.example:6380/12", 12],
  ["127.0.0.1:6379?db=5", 5],
  ["/var/run/redis.sock?db=4", 4],
])("%s is database %i", (url, database) => {
  expect(databaseOf(url)).toBe(database);
});
