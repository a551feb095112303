import { describe, expect, test } from "vitest";
import { handoversIn, onCallAt, type RotaOverride, type RotaTeam, stretchesOf } from "./rota.ts";
import { defaultPreferences, gapOf, isNight, type Person, waysOf } from "./ways.ts";

const team: RotaTeam = {
  timeZone: "Europe/Berlin",
  handoverDay: 1,
  handoverTime: "09:00",
  rotaFrom: "2026-01-05",
  layers: [["jonas", "daniel", "priya"], ["mara"], []],
};
const ms = (iso: string) => Date.parse(iso);

describe("the hand-over keeps its time of day when the clocks change", () => {
  test.each([
    // Summer time begins on 29 March 2026: the week before has 167 hours.
    ["2026-03-23T07:59:59Z", "daniel"],
    ["2026-03-23T08:00:00Z", "priya"],
    ["2026-03-30T06:59:59Z", "priya"],
    ["2026-03-30T07:00:00Z", "jonas"],
    // It ends on 25 October 2026: 169 hours.
    ["2026-10-19T06:59:59Z", "daniel"],
    ["2026-10-19T07:00:00Z", "priya"],
    ["2026-10-26T07:59:59Z", "priya"],
    ["2026-10-26T08:00:00Z", "jonas"],
    // Before the rota began, and years later.
    ["2025-12-29T08:00:00Z", "priya"],
    ["2031-06-02T07:00:00Z", onCallAt(team, [], 0, ms("2031-06-05T12:00:00Z"))],
  ])("at %s it is %s", (at, who) => {
    expect(onCallAt(team, [], 0, ms(at))).toBe(who);
  });

  test("its moments are told in the zone of the team", () => {
    expect(handoversIn(team, ms("2026-03-23T00:00:00Z"), ms("2026-04-06T00:00:00Z"))).toEqual([
      { atMs: ms("2026-03-23T08:00:00Z"), local: "Mon 09:00 Berlin" },
      { atMs: ms("2026-03-30T07:00:00Z"), local: "Mon 09:00 Berlin" },
    ]);
  });
});

test("an override holds from its start to its end, the newest wins, and a layer without people is a gap", () => {
  const given = (id: string, userId: string, from: string, to: string): RotaOverride => ({
    id,
    layer: 0,
    userId,
    startsMs: ms(from),
    endsMs: ms(to),
    reason: null,
    by: "Priya",
  });
  const overrides = [
    given("1", "ingrid", "2026-01-06T10:00:00Z", "2026-01-07T10:00:00Z"),
    given("2", "mara", "2026-01-07T00:00:00Z", "2026-01-07T06:00:00Z"),
  ];
  const found = stretchesOf(team, overrides, 0, ms("2026-01-06T00:00:00Z"), ms("2026-01-13T00:00:00Z"));
  expect(found.map(({ fromMs, userId }) => [new Date(fromMs).toISOString(), userId])).toEqual([
    ["2026-01-06T00:00:00.000Z", "jonas"],
    ["2026-01-06T10:00:00.000Z", "ingrid"],
    ["2026-01-07T00:00:00.000Z", "mara"],
    ["2026-01-07T06:00:00.000Z", "ingrid"],
    ["2026-01-07T10:00:00.000Z", "jonas"],
    ["2026-01-12T08:00:00.000Z", "daniel"],
  ]);
  expect(onCallAt(team, overrides, 1, ms("2026-01-06T11:00:00Z"))).toBe("mara");
  expect(onCallAt(team, overrides, 2, ms("2026-01-06T11:00:00Z"))).toBeNull();
});

const person = (change: Partial<Person>): Person => ({
  userId: "1",
  name: "Ingrid",
  email: null,
  role: "operator",
  contacts: [],
  ...defaultPreferences,
  ...change,
});
const contact = (kind: "push" | "email" | "pagerduty", expiredAt: Date | null = null) => ({
  id: kind,
  kind,
  name: kind,
  expiredAt,
  failingSince: null,
  lastError: null,
  testedAt: null,
});

describe("who can be called", () => {
  test.each<[string, Partial<Person>, "day" | "night", string | null]>([
    ["the bell alone calls nobody", {}, "day", "not reachable"],
    ["e-mail is enough by day", { email: "i@example.com" }, "day", null],
    ["e-mail wakes nobody", { email: "i@example.com" }, "night", "e-mail only"],
    ["push does", { contacts: [contact("push")] }, "night", null],
    [
      "an expired subscription does not",
      { contacts: [contact("push", new Date())] },
      "night",
      "not reachable",
    ],
  ])("%s", (_, given, when, gap) => {
    expect(gapOf(person(given), when)?.short ?? null).toBe(gap);
  });

  test("night is where the person is, and nothing critical stays in the bell alone", () => {
    const there = person({ timeZone: "America/New_York", email: "i@example.com" });
    expect([3, 12].map((hour) => isNight(there, Date.UTC(2026, 0, 5, hour)))).toEqual([true, false]);
    const quiet = { ...there.rules, critical: { day: ["bell" as const], night: ["bell" as const] } };
    expect(waysOf({ ...there, rules: quiet }, "critical", 0).map(({ kind }) => kind)).toEqual([
      "bell",
      "email",
    ]);
    expect(waysOf(there, "warning", Date.UTC(2026, 0, 5, 3)).map(({ kind }) => kind)).toEqual(["bell"]);
  });
});
