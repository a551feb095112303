import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConditionError, type Facts, parseCondition } from "./conditions.ts";

const body = {
  status: "UP",
  user: { name: "john.doe", id: "007" },
  items: [{ id: 1 }, { id: 2, tags: ["a", "b"] }],
  empty: [],
  price: 1.5,
  flag: false,
  nothing: null,
};
const facts: Facts = {
  connected: true,
  statusCode: 200,
  latencyMs: 120,
  ip: "10.0.0.7",
  certificateExpiresInMs: 20 * 86_400_000,
  dnsRcode: "NOERROR",
  body: JSON.stringify(body),
};
const judge = (text: string, over: Partial<Facts> = {}) => parseCondition(text).judge({ ...facts, ...over });

test.each([
  ["[STATUS] == 200", true, "200"],
  ["[STATUS]==200", true, "200"],
  ["200 == [STATUS]", true, "200"],
  ["[STATUS] != 200", false, "200"],
  ["[STATUS] < 300", true, "200"],
  ["[STATUS] >= 201", false, "200"],
  ["[STATUS] == any(200, 204)", true, "200"],
  ["[STATUS] != any(200, 204)", false, "200"],
  ["any(500, 503) == [STATUS]", false, "200"],
  ["[RESPONSE_TIME] < 300", true, "120"],
  ["[RESPONSE_TIME] <= 100ms", false, "120"],
  ["[RESPONSE_TIME] < 1s", true, "120"],
  ["[CERTIFICATE_EXPIRATION] > 14d", true, "1728000000"],
  ["[CERTIFICATE_EXPIRATION] > 48h", true, "1728000000"],
  ["[CERTIFICATE_EXPIRATION] > 1h30m", true, "1728000000"],
  ["[CERTIFICATE_EXPIRATION] > 3w", false, "1728000000"],
  ["[CONNECTED] == true", true, "true"],
  ["[DNS_RCODE] == NOERROR", true, "NOERROR"],
  ["[DNS_RCODE] != any(SERVFAIL, NXDOMAIN)", true, "NOERROR"],
  ["[IP] == pat(10.*)", true, "10.0.0.7"],
  ["[IP] != 10.0.0.8", true, "10.0.0.7"],
  ["[BODY].status == UP", true, "UP"],
  ['[BODY].status == "UP"', true, "UP"],
  ["[BODY].status == up", false, "UP"],
  ["[BODY].user.name == pat(john*)", true, "john.doe"],
  ["[BODY].user.name == pat(*doe)", true, "john.doe"],
  ["[BODY].user.name == pat(j?hn.d*e)", true, "john.doe"],
  ["[BODY].user.name != pat(jane*)", true, "john.doe"],
  ["pat(john*) == [BODY].user.name", true, "john.doe"],
  ["[BODY].items[1].tags[0] == a", true, "a"],
  ["[BODY].items[0].id == 1", true, "1"],
  ["[BODY].price == 1.50", true, "1.5"],
  ["[BODY].price > 1", true, "1.5"],
  ["[BODY].flag == false", true, "false"],
  ["[BODY].nothing == null", true, "null"],
  ["[BODY].user.id == 007", true, "007"],
  ["len([BODY].items) == 2", true, "2"],
  ["len([BODY].empty) == 0", true, "0"],
  ["len([BODY].user.name) > 5", true, "8"],
  ["len([BODY].user) == 2", true, "2"],
  ["has([BODY].items[1].tags) == true", true, "true"],
  ["has([BODY].errors) == false", true, "false"],
  ["has([BODY].nothing) == false", true, "false"],
  ["[BODY].items[0].id < [BODY].items[1].id", true, "1, 2"],
  // A missing part fulfils nothing, not even "is different".
  ["[BODY].missing == x", false, "not there"],
  ["[BODY].missing != x", false, "not there"],
  ["[BODY].missing < 5", false, "not there"],
  ["[BODY].missing != any(a, b)", false, "not there"],
  ["[BODY].items[9].id != 1", false, "not there"],
  ["[BODY].status[0] != 1", false, "not there"],
  ["len([BODY].missing) < 5", false, "not there"],
  ["[BODY].__proto__ != x", false, "not there"],
  ["[BODY].constructor != x", false, "not there"],
  ["[BODY].status < 5", false, "UP"],
])("%s is %s", (text, passed, actual) => {
  expect(judge(text)).toEqual({ text, actual, passed });
});

test("a body that is not JSON is text and has no parts", () => {
  expect(judge("[BODY] == pong", { body: "pong" }).passed).toBe(true);
  expect(judge("[BODY] == pat(*ong)", { body: "ping pong" }).passed).toBe(true);
  expect(judge("[BODY].a != b", { body: '{"a": "x"' })).toMatchObject({ passed: false, actual: "not there" });
});

test("without an answer only a condition that expects none holds", () => {
  const none: Facts = {
    connected: false,
    statusCode: null,
    latencyMs: null,
    ip: null,
    certificateExpiresInMs: null,
    dnsRcode: null,
    body: null,
  };
  for (const text of [
    "[STATUS] == 200",
    "[STATUS] != 500",
    "[RESPONSE_TIME] < 300",
    "[IP] != 1.1.1.1",
    "[BODY] != x",
  ])
    expect(judge(text, none).passed, text).toBe(false);
  expect(judge("[CONNECTED] == false", none).passed).toBe(true);
});

test.each([
  ["", "has no operator"],
  ["[STATUS]", "has no operator"],
  ["[STATUS] = 200", "has no operator"],
  ["[STATUS] ==", "a side of == is empty"],
  ["[STATUS] === 200", "=== is not an operator"],
  ["1 == 1", "names nothing of the answer"],
  ["[STATSU] == 200", "[STATSU] is not known"],
  ["[DOMAIN_EXPIRATION] > 30d", "[DOMAIN_EXPIRATION] is not known"],
  ["[DNS_RCODE] > 1", "does not go with [DNS_RCODE]"],
  ["[STATUS].a == 200", "[STATUS] has no parts"],
  ["[BODY]..a == 1", "is not a path"],
  ["[BODY].a[x] == 1", "is not a path"],
  ["[BODY].a[0 == 1", "has no operator"],
  ["[STATUS] < ok", "compares numbers and durations"],
  ["[STATUS] < any(1, 2)", "any() goes with == and != only"],
  ["[BODY] > pat(a*)", "pat() goes with == and != only"],
  ["[STATUS] == any(200,)", "any() has an empty value"],
  ["len(x) == 2", "len() takes a part of the answer"],
  ["age([BODY]) == 2", "age() is not known"],
  ["[CONNECTED] > 1", "does not go with [CONNECTED]"],
])("%j is refused: %s", (text, reason) => {
  expect(() => parseCondition(text)).toThrow(ConditionError);
  expect(() => parseCondition(text)).toThrow(reason);
});

describe("any condition and any answer", () => {
  const piece = fc.constantFrom(
    "[STATUS]",
    "[BODY]",
    ".a",
    "[0]",
    "[BODY].a[0].b",
    "len(",
    "has(",
    "pat(",
    "any(",
    ")",
    " == ",
    " < ",
    "*",
    "200",
    '"',
    "'",
    ",",
    " ",
    "14d",
    "[",
    "]",
    "\\",
    "(((((",
    "💥",
  );

  test("a condition is parsed or refused with a reason, and evaluated without an error", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")),
          fc.string(),
        ),
        fc.oneof(fc.json(), fc.string(), fc.constant(null)),
        (text, answer) => {
          try {
            const { actual } = parseCondition(text).judge({ ...facts, body: answer });
            expect(actual.length).toBeLessThan(1_000);
          } catch (error) {
            expect(error).toBeInstanceOf(ConditionError);
          }
        },
      ),
    );
  });

  test("a value equals itself and pat(*), and is not different from itself", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.stringMatching(/^[a-z0-9 .-]{1,20}$/)), (value) => {
        const answer = { body: JSON.stringify({ a: value }) };
        expect(judge(`[BODY].a == "${value}"`, answer).passed).toBe(true);
        expect(judge(`[BODY].a != "${value}"`, answer).passed).toBe(false);
        expect(judge("[BODY].a == pat(*)", answer).passed).toBe(true);
      }),
    );
  });

  test("a pattern built to be slow is not", () => {
    const startedMs = performance.now();
    expect(judge(`[BODY] == pat(${"*a".repeat(100)}b)`, { body: "a".repeat(20_000) }).passed).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});
