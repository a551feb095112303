import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { testEndpoint } from "@wheelhouse/shared/webhooks/endpoints.ts";
import type { HttpMessage } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { formatLatency } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import { CodeBlock, prettyJson } from "#ui/text/code-block.tsx";
import { Time } from "#ui/text/time.tsx";
import { errorWords, statusLine } from "../deliveries/deliveries.ts";
import css from "./endpoint.module.css";
import { useTestEndpoint } from "./queries.ts";

type Result = EndpointResult<typeof testEndpoint>;

const head = ({ headers }: HttpMessage) => Object.entries(headers).map(([name, value]) => ({ name, value }));

const TestResult = ({ result }: { result: Result }) => {
  const { delivered, statusCode, errorClass, errorMessage, request, response, latencyMs, sentAt } = result;
  const answer =
    statusCode !== null ? statusLine(statusCode) : errorClass === null ? "no answer" : errorWords[errorClass];
  const cause = statusCode === null ? errorMessage : null;
  return (
    <div role="status" className={css.result}>
      <div className={css.line}>
        <Status tone={delivered ? "ok" : "down"} label={delivered ? "Delivered" : "Failed"} inRow />
        <span className="c2">
          {answer} in {formatLatency(Math.round(latencyMs))}, <Time at={sentAt} />
        </span>
      </div>
      {cause !== null && <p className="c2 t12">{cause}</p>}
      <CodeBlock
        label="Request of the test event"
        firstLine={`POST ${request.url}`}
        head={head(request)}
        text={prettyJson(request.body)}
      />
      {response !== null && statusCode !== null && (
        <CodeBlock
          label="Response to the test event"
          firstLine={`HTTP/1.1 ${statusLine(statusCode)}`}
          head={head(response)}
          text={prettyJson(response.body)}
        />
      )}
    </div>
  );
};

/** Sends a test event and shows what the receiver answered. */
export const TestEvent = ({ organization, id }: { organization: string; id: string }) => {
  const test = useTestEndpoint(organization, id);
  return (
    <section className={css.section} aria-label="Test event">
      <div className={css.line}>
        <h3 className="h grow">Test event</h3>
        <Button disabled={test.isPending} onClick={() => test.mutate()}>
          {test.isPending ? "Waiting for the answer…" : "Send test event"}
        </Button>
      </div>
      <p className="c3 t12">
        A test.ping passes breaker and rate, is not retried and does not count for health.
      </p>
      {test.error !== null && <ActError title="The test event was not sent." error={test.error} />}
      {test.data !== undefined && <TestResult result={test.data} />}
    </section>
  );
};
