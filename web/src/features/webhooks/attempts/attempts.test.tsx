import type { DeliveryAttempt } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { unplannedWords } from "../deliveries/search.ts";
import { attemptAt, deadLetter } from "../testing/webhooks.fixture.ts";
import { AttemptList } from "./attempt-list.tsx";
import { AttemptMessage } from "./attempt-message.tsx";
import { attemptSeries } from "./attempt-view.ts";

const payload = {
  state: "shown" as const,
  body: "{}",
  sizeBytes: 2,
  truncated: false,
  contentType: "application/json",
};
const drawn = (log: DeliveryAttempt[]) =>
  attemptSeries({ ...deadLetter, attemptLog: log })
    .map(({ generation, attempts }) =>
      renderToStaticMarkup(
        <AttemptList
          key={generation}
          title={null}
          attempts={attempts}
          selected={null}
          onSelect={() => undefined}
        />,
      ),
    )
    .join("");

describe("what an attempt shows", () => {
  it("markup in a response is text", () => {
    const attempt = attemptAt(1, "2026-11-19T05:40:00.000Z", {
      response: {
        headers: { "x-note": "<i>h</i>" },
        body: "<img src=x onerror=alert(1)>",
        bodySizeBytes: 28,
        truncated: false,
      },
    });
    const html = renderToStaticMarkup(<AttemptMessage attempt={attempt} all={[attempt]} payload={payload} />);
    expect(html).not.toContain("<img");
    expect(html).not.toContain("<i>h</i>");
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });

  it("a delivery not sent yet shows its payload", () => {
    const html = renderToStaticMarkup(
      <AttemptMessage attempt={undefined} all={[]} payload={{ ...payload, body: '{"order":"ord_1"}' }} />,
    );
    expect(html).toContain("ord_1");
    expect(html).not.toContain("Response");
  });

  it("an unknown outcome says that the receiver may already have the event", () => {
    const html = drawn([
      attemptAt(1, "2026-11-19T05:40:00.000Z", {
        outcome: "unknown",
        statusCode: null,
        errorClass: "outcome_unknown",
        latencyMs: null,
        response: null,
      }),
    ]);
    expect(html).toContain("Unknown");
    expect(html).toContain("The receiver may already have the event");
  });

  it("a button names the attempt and its result", () => {
    expect(drawn([attemptAt(3, "2026-11-19T05:40:00.000Z")])).toContain('aria-label="Attempt 3, 503');
  });
});

describe("why no attempt is scheduled", () => {
  it.each([
    [{}, "No further attempt scheduled."],
    [{ attempts: 4 }, "Given up early: the breaker stayed open."],
    [{ attempts: 1, errorClass: "gone" as const }, "Given up: the receiver reported it is gone."],
    [{ status: "processing" as const }, "One is in progress."],
    [{ status: "pending" as const, attempts: 0 }, "The first is due."],
  ])("%j", (rest, words) => {
    expect(unplannedWords({ ...deadLetter, ...rest })).toBe(words);
  });
});
