import { useQuery, useQueryClient } from "@tanstack/react-query";
import { deliveryTopic, type WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { formatCount } from "#lib/format.ts";
import { useLive } from "#lib/live/live-context.tsx";
import { endpointsQuery } from "../queries.ts";
import css from "../webhooks.module.css";

const names = (endpoints: WebhookEndpoint[]): string => {
  const [first, second, ...others] = endpoints.map(({ name }) => name);
  if (first === undefined) return "";
  if (second === undefined) return first;
  return others.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${others.length} more`;
};

/** Whether a replay makes sense now: failing receivers come first. */
const receivers = (endpoints: WebhookEndpoint[]): string => {
  const off = endpoints.filter(({ enabled }) => !enabled);
  const on = endpoints.filter(({ enabled }) => enabled);
  const open = on.filter(({ breaker }) => breaker.state === "open");
  const probing = on.filter(({ breaker }) => breaker.state === "half_open");
  const parts = [
    open.length > 0 && `Still failing: ${names(open)}.`,
    probing.length > 0 && `Probing: ${names(probing)}.`,
    off.length > 0 && `Disabled: ${names(off)}.`,
  ].filter((part) => part !== false);
  const answering = on.length - open.length - probing.length;
  if (parts.length === 0) return answering === 0 ? "" : "All receivers are healthy.";
  return `${parts.join(" ")}${answering > 0 ? ` The other ${answering === 1 ? "one is" : `${answering} are`} healthy.` : ""}`;
};

/** Headline above the dead letters: how many wait for replay, and whether their receivers are healthy. */
export const DeadLettersVerdict = ({
  organization,
  count,
}: {
  organization: string;
  count: number | undefined;
}) => {
  const client = useQueryClient();
  const endpoints = useQuery(endpointsQuery(organization));
  // A completed delivery at a failing receiver means that the headline is outdated.
  useLive(deliveryTopic, ({ heads }) => {
    const failing = new Set(
      endpoints.data?.items.flatMap(({ id, breaker }) => (breaker.state === "closed" ? [] : [id])),
    );
    if (heads.some(({ endpointId, status }) => status === "completed" && failing.has(endpointId)))
      void client.invalidateQueries({ queryKey: endpointsQuery(organization).queryKey });
  });
  const answers = endpoints.data === undefined ? "" : receivers(endpoints.data.items);
  return (
    <section className={css.verdict}>
      <h2 className="t20 b">
        {count === undefined
          ? "Dead letters"
          : count === 0
            ? "No dead letters"
            : `${formatCount(count)} ${count === 1 ? "dead letter" : "dead letters"} waiting for replay`}
      </h2>
      <p className="c2">{answers}</p>
    </section>
  );
};
