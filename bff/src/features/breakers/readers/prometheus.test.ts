import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MetricsError, readMetrics } from "./prometheus.ts";

describe("the text format", () => {
  const all = (text: string) =>
    readMetrics(text, () => true).map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]);

  test.each([
    ["a plain value", "up 1\n", [["up", {}, 1]]],
    [
      "labels with spaces, a last comma and a time",
      'a{ x = "1" , y="2", } 3 1395066363000\n',
      [["a", { x: "1", y: "2" }, 3]],
    ],
    ["escaped labels", 'a{x="q\\"u\\\\o\\nte}",y="1"} 2\n', [["a", { x: 'q"u\\o\nte}', y: "1" }, 2]]],
    [
      "special numbers",
      "a NaN\nb +Inf\nc -Inf\nd -1.5e-3\n",
      [
        ["a", {}, Number.NaN],
        ["b", {}, Number.POSITIVE_INFINITY],
        ["c", {}, Number.NEGATIVE_INFINITY],
        ["d", {}, -0.0015],
      ],
    ],
    ["comments, blank lines, carriage returns", "# HELP a {\n\n  \na 1\r\n# EOF\n", [["a", {}, 1]]],
    [
      "an exemplar of OpenMetrics",
      'a_bucket{le="1"} 2 # {trace_id="x"} 0.5\n',
      [["a_bucket", { le: "1" }, 2]],
    ],
    [
      "quoted names, with underscores for what Prometheus escapes",
      '{"a.b",x="1"} 2\n{ "é\\"c" } 3 1395066363000\nd{"x.y"="1", z="2"} 4\n',
      [
        ["a_b", { x: "1" }, 2],
        ["__c", {}, 3],
        ["d", { x_y: "1", z: "2" }, 4],
      ],
    ],
    ["an OpenMetrics text without metrics", "# EOF\n", []],
    ["the same without a line feed", "# EOF", []],
    ["blank lines after the end", "a 1\n# EOF\n\n \n", [["a", {}, 1]]],
    ["nothing", "", []],
  ])("%s", (_name, text, expected) => expect(all(text)).toEqual(expected));

  test.each([
    ["breaks off in a value", "a 1\nb 2"],
    ["breaks off in labels", 'a{x="1'],
    ["no value", "a\n"],
    ["no number", "a one\n"],
    ["a label without quotes", "a{x=1} 1\n"],
    ["an open brace", 'a{x="1" 1\n'],
    ["braces without a name", '{x="1"} 1\n'],
    ["a name without its end", '{"a.b} 1\n'],
    ["a name that runs into labels", '{"a.b" x="1"} 1\n'],
  ])("a truncated text is rejected as a whole: %s", (_name, text) =>
    expect(() => all(text)).toThrow(MetricsError),
  );

  test.each([
    ["a value at its end", "a 1\nb 2", [1, 2]],
    ["labels at its end", 'a 1\nb{x="1"} 2', [1, 2]],
    ["a comment at its end", "a 1\n# done", [1]],
  ])("a complete text needs no last line feed: %s", (_name, text, values) => {
    const read = (isWhole: boolean) => readMetrics(text, () => true, { isWhole }).map(({ value }) => value);
    expect(read(true)).toEqual(values);
    expect(() => read(false)).toThrow("incomplete");
  });

  test("OpenMetrics marks its own end, with a line feed or without", () => {
    expect(all("a 1\n# EOF")).toEqual([["a", {}, 1]]);
  });

  test("whatever follows the end of OpenMetrics makes the text unusable: two texts were joined", () => {
    expect(() => all("a 1\n# EOF\na 2\n")).toThrow("continue after their end in line 2");
    expect(() => all("a 1\n# EOF\n# TYPE a counter\n# EOF\n")).toThrow(MetricsError);
  });

  test("unwanted lines are not parsed, whatever they contain", () => {
    const samples = readMetrics('broken{x= 1\nup one\nwanted{a="1"} 2\n', (name) => name === "wanted");
    expect(samples.map(({ value }) => value)).toEqual([2]);
  });

  test("labels are read exactly as written, whatever they contain", () => {
    const escaped = (text: string) =>
      text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.double(), (label, value) => {
        const written = Number.isNaN(value)
          ? "NaN"
          : value === Infinity
            ? "+Inf"
            : value === -Infinity
              ? "-Inf"
              : String(value);
        expect(all(`m{x="${escaped(label)}"} ${written}\n`)).toEqual([["m", { x: label }, value + 0]]);
      }),
      { numRuns: 200 },
    );
  });

  test("any text is either parsed or rejected, in time linear to its length", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("a", "{", "}", '"', "\\", "=", ",", " ", "\n", "1", "#"),
          maxLength: 60,
        }),
        (text) => {
          try {
            readMetrics(text, () => true);
          } catch (error) {
            expect(error).toBeInstanceOf(MetricsError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
