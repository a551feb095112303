import { expect, test } from "vitest";
import { enteredAddresses, readEnteredAddress } from "./entered-address.mjs";

test.each([
  ["redis://10.0.0.1:6379/2", "redis", "redis://10.0.0.1:6379/2", "redis://10.0.0.1:6379/2"],
  ["redis://:p@:/#%s@h:6379/0", "redis", "redis://:p%40%3A%2F%23%25s@h:6379/0", "redis://h:6379/0"],
  ["rediss://u:a?b c,d@h", "redis", "rediss://u:a%3Fb%20c%2Cd@h", "rediss://u@h"],
  ["redis://u:p%40ss@h", "redis", "redis://u:p%40ss@h", "redis://u@h"],
  ["Postgres://w:x/y@db/shop", "postgres", "postgres://w:x%2Fy@db/shop", "postgres://w@db/shop"],
  [
    "https://a.test/actuator/health?x=1",
    "http",
    "https://a.test/actuator/health?x=1",
    "https://a.test/actuator/health",
  ],
])("%s is read with its password as it was written", (text, kind, url, shown) => {
  expect(readEnteredAddress(` ${text} `)).toEqual({ kind, url, shown });
  expect(decodeURIComponent(new URL(url).password)).toBe(
    text.includes("@") && !text.includes("%40")
      ? /:\/\/[^:]*:(.*)@/.exec(text)?.[1]
      : decodeURIComponent(new URL(url).password),
  );
});

test.each([
  ["10.0.0.1:6379", "must begin with redis://"],
  ["mysql://h/x", "must begin with redis://"],
  ["redis://", "must name a host"],
  ["redis://:secret@", "must name a host"],
  ["redis:///run/redis.sock", "must name a host"],
  ["postgres://u:secret@%2Fvar%2Frun/x", "must name a host"],
  ["postgres://u:secret@h/x?host=other", "must have no parameters except"],
  ["redis://u:secret@h/x", "must name its database by a number"],
  ["redis://u:secret@h:99999", "is not an address"],
  ["https://u:secret@h/health", "must not carry credentials"],
  ["https://", "is not an address"],
])("%s is refused with the remedy and without its password", (text, problem) => {
  const read = readEnteredAddress(text);
  expect(read).toMatchObject({ problem: expect.stringContaining(problem) });
  expect(JSON.stringify(read)).not.toContain("secret");
});

test("several addresses are separated by spaces or commas, which a password may hold", () => {
  expect(enteredAddresses(" redis://:a,b c@h  postgres://d,https://e/health\nhttp://f ")).toEqual([
    "redis://:a,b c@h",
    "postgres://d",
    "https://e/health",
    "http://f",
  ]);
  expect(enteredAddresses("  ")).toEqual([]);
});
