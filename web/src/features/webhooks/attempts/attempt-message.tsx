import type { DeliveryAttempt, DeliveryDetail, HttpMessage } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { formatBytes } from "#lib/format.ts";
import { Tabs } from "#ui/page/tabs.tsx";
import { CodeBlock, CopyButton, prettyJson } from "#ui/text/code-block.tsx";
import { statusLine, unansweredWords } from "../deliveries/deliveries.ts";
import { AttemptCompare } from "./attempt-compare.tsx";
import { attemptKey } from "./attempt-view.ts";
import { curlOf } from "./curl.ts";

const parts = ["request", "response", "payload", "compare"] as const;
type Part = (typeof parts)[number];

const head = (message: HttpMessage) =>
  Object.entries(message.headers).map(([name, value]) => ({ name, value }));

const Captured = ({ sizeBytes, isCut }: { sizeBytes: number; isCut: boolean }) => (
  <span className="t12">
    {formatBytes(sizeBytes)}
    {isCut && ", truncated at 16 KiB"}
  </span>
);

const payloadWords: Record<Exclude<DeliveryDetail["payload"]["state"], "shown">, string> = {
  hidden: "You don't have access to payloads. Ask an admin for “Read payloads of webhooks”.",
  gone: "The payload has been removed, or it can no longer be read.",
};

type MessageProps = {
  attempt: DeliveryAttempt | undefined;
  /** Newest first. */
  all: readonly DeliveryAttempt[];
  payload: DeliveryDetail["payload"];
};

const Content = ({ shown, attempt, all, payload }: MessageProps & { shown: Part }) => {
  if (shown === "compare" && attempt !== undefined) {
    return <AttemptCompare key={attemptKey(attempt)} attempt={attempt} all={all} />;
  }
  if (shown !== "response" && payload.state !== "shown") {
    return <p className="c2">{payloadWords[payload.state]}</p>;
  }
  if (shown === "payload" || attempt === undefined) {
    return (
      <CodeBlock
        label="Payload as received"
        head={[{ name: "content-type", value: payload.contentType }]}
        text={prettyJson(payload.body)}
      />
    );
  }
  const { request, response, statusCode } = attempt;
  if (shown === "request") {
    return (
      <CodeBlock
        label="Request"
        firstLine={`POST ${request.url}`}
        head={head(request)}
        text={prettyJson(request.body)}
      />
    );
  }
  if (response === null) return <p className="c2">{unansweredWords(attempt)}</p>;
  return (
    <CodeBlock
      label="Response"
      firstLine={statusCode === null ? "HTTP/1.1" : `HTTP/1.1 ${statusLine(statusCode)}`}
      head={head(response)}
      text={prettyJson(response.body)}
    />
  );
};

/**
 * Request and response of one attempt, and the payload of the event. All of it is untrusted and shown as plain
 * text.
 */
export const AttemptMessage = ({ attempt, all, payload }: MessageProps) => {
  const [part, setPart] = useState<Part>("response");
  const shown: Part = attempt === undefined ? "payload" : part;
  const note = attempt === undefined ? undefined : `attempt ${attempt.attempt}`;
  const tabs = [
    ...(attempt === undefined
      ? []
      : [
          { id: "request", label: "Request", note: shown === "request" ? note : undefined },
          { id: "response", label: "Response", note: shown === "response" ? note : undefined },
        ]),
    { id: "payload", label: "Payload" },
    ...(all.length > 1 ? [{ id: "compare", label: "Compare" }] : []),
  ];
  const message =
    shown === "request" ? attempt?.request : shown === "response" ? attempt?.response : undefined;
  const sizeBytes = shown === "payload" ? payload.sizeBytes : message?.bodySizeBytes;
  const isCut = shown === "payload" ? payload.truncated : message?.truncated === true;
  const isRequest = shown === "request" && attempt !== undefined;
  return (
    <Tabs
      label="Request and response"
      tabs={tabs}
      value={shown}
      onChange={(id) => setPart(parts.find((each) => each === id) ?? "response")}
      aside={
        <>
          {isRequest && <CopyButton text={curlOf(attempt.request)} label="Copy as curl" />}
          {sizeBytes !== undefined && <Captured sizeBytes={sizeBytes} isCut={isCut} />}
        </>
      }
    >
      <Content shown={shown} attempt={attempt} all={all} payload={payload} />
    </Tabs>
  );
};
