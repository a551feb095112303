import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Foldable, foldFlaps, type Turn, turnOfLabel } from "./flaps.ts";

const beganMs = Date.parse("2026-11-19T21:30:00Z");
const at = (seconds: number) => new Date(beganMs + seconds * 1_000).toISOString();
const change = (seconds: number, turn: Turn, text: string, thing = "crm"): Foldable => ({
  at: at(seconds),
  turn,
  text,
  thing,
});
const opened = (seconds: number) => change(seconds, "worse", `CRM opened on ${1 + (seconds % 3)} of 3`);
const probing = (seconds: number) => change(seconds, "probing", "CRM half-open on 1 of 3");
const closed = (seconds: number) => change(seconds, "better", "CRM closed");
const textsOf = (changes: readonly Foldable[]) => foldFlaps(changes).map(({ text }) => text);

describe("a list of changes", () => {
  test("shows a flapping thing as one line, with how often and in which time", () => {
    const flaps = Array.from({ length: 11 }, (_, n) => [opened(n * 46), closed(n * 46 + 20)]).flat();
    const [line, ...others] = foldFlaps(flaps);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      text: "CRM opened 11 times in 8 m",
      last: { at: at(480), text: "CRM closed" },
      fold: { from: at(0), changes: 22 },
    });
  });

  test("shows failing probes of an open breaker as one line, and its recovery as another", () => {
    const probes = Array.from({ length: 7 }, (_, n) => [probing(n * 6 + 5), opened(n * 6 + 6)]).flat();
    const lines = foldFlaps([opened(0), ...probes, probing(47), closed(48)]);
    expect(lines.map(({ text }) => text)).toEqual(["CRM closed", "CRM open, 7 failed probes in 47 s"]);
    expect(lines[1]?.fold).toEqual({ from: at(0), changes: 16 });
  });

  test("names what happened to any kind of thing in the past tense", () => {
    const down = (seconds: number) => change(seconds, "worse", "Card gateway is down", "card-gateway");
    const up = (seconds: number) => change(seconds, "better", "Card gateway recovered", "card-gateway");
    const idle = (seconds: number) => change(seconds, "worse", "Queue mail has no worker", "mail");
    expect(textsOf([down(0), up(30), down(60), up(90), down(120)])).toEqual([
      "Card gateway was down 3 times in 2 m",
    ]);
    const busy = change(20, "better", "Queue mail recovered", "mail");
    expect(textsOf([idle(0), busy, idle(40)])).toEqual(["Queue mail had no worker 2 times in 40 s"]);
  });

  test("keeps apart what is more than 5 minutes apart, other things, acts and deployments", () => {
    const act = (seconds: number) => change(seconds, null, "Breaker forced closed: CRM", "act");
    const listed = [
      opened(0),
      closed(10),
      opened(400),
      act(410),
      act(411),
      { ...opened(401), thing: "other" },
    ];
    expect(foldFlaps(listed).every(({ fold }) => fold === null)).toBe(true);
    expect(foldFlaps(listed)).toHaveLength(listed.length);
  });

  test.each([
    ["Down", "worse"],
    ["No worker", "worse"],
    ["2 of 3 open", "worse"],
    ["1 of 3 open, 1 half-open", "worse"],
    ["1 of 3 half-open", "probing"],
    ["0 of 3 open", "better"],
    ["OK", "better"],
    ["3 of 3 forced closed", null],
    ["Paused", null],
    ["Unknown", null],
  ])("takes the label %s for %s", (label, turn) => expect(turnOfLabel(label)).toBe(turn));

  test("loses no change and invents none, in whatever order they come", () => {
    const turn = fc.constantFrom<Turn[]>("worse", "probing", "better", null);
    const some = fc.record({ seconds: fc.nat(3_000), turn, thing: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 40 }), (found) => {
        const changes = found.map((each, n) =>
          change(each.seconds, each.turn, `${each.thing} ${n}`, each.thing),
        );
        const lines = foldFlaps(changes);
        const counted = lines.reduce((sum, { fold }) => sum + (fold?.changes ?? 1), 0);
        expect(counted).toBe(changes.length);
        expect(lines.map(({ last }) => last.at)).toEqual(
          lines
            .map(({ last }) => last.at)
            .toSorted()
            .reverse(),
        );
      }),
    );
  });
});
