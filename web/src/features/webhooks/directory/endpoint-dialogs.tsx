import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { BreakerStatus, urlText } from "../deliveries/deliveries.ts";
import { useDeleteEndpoint, useEnableEndpoint } from "../queries.ts";

type Props = { organization: string; endpoint: WebhookEndpoint; onClose: () => void };

const factsOf = (endpoint: WebhookEndpoint, then: string) => [
  { label: "Address", value: urlText(endpoint.url) },
  {
    label: "Now",
    value: endpoint.enabled ? <BreakerStatus state={endpoint.breaker.state} /> : "Switched off",
  },
  { label: "Then", value: then },
];

export const EnableEndpointDialog = ({ organization, endpoint, onClose }: Props) => {
  const enable = useEnableEndpoint(organization);
  const { id, name, version, enabled } = endpoint;
  return (
    <ConfirmDialog
      title={enabled ? `Switch off ${name}` : `Switch on ${name}`}
      confirm={enabled ? "Switch off 1 endpoint" : "Switch on 1 endpoint"}
      foot={
        enabled ? "It can be switched on again at any time." : "It can be switched off again at any time."
      }
      isBusy={enable.isPending}
      error={enable.error}
      onConfirm={() => enable.mutate({ id, version, enabled: !enabled }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={factsOf(
          endpoint,
          enabled
            ? "new events are not sent to it; those that arrive while it is off are not sent later"
            : "events that arrive from now on are sent to it",
        )}
      />
    </ConfirmDialog>
  );
};

export const DeleteEndpointDialog = ({ organization, endpoint, onClose }: Props) => {
  const remove = useDeleteEndpoint(organization);
  return (
    <ConfirmDialog
      title={`Delete ${endpoint.name}`}
      confirm="Delete 1 endpoint"
      foot="A deleted endpoint and its secret cannot be brought back."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: endpoint.id }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={factsOf(endpoint, "its unfinished deliveries are discarded; the log keeps what was sent")}
      />
    </ConfirmDialog>
  );
};
