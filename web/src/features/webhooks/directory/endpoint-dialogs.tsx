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
    value: endpoint.enabled ? <BreakerStatus state={endpoint.breaker.state} /> : "Disabled",
  },
  { label: "Effect", value: then },
];

export const EnableEndpointDialog = ({ organization, endpoint, onClose }: Props) => {
  const enable = useEnableEndpoint(organization);
  const { id, name, version, enabled } = endpoint;
  return (
    <ConfirmDialog
      title={enabled ? `Disable ${name}` : `Enable ${name}`}
      confirm={enabled ? "Disable endpoint" : "Enable endpoint"}
      foot={enabled ? "You can enable it again at any time." : "You can disable it again at any time."}
      isBusy={enable.isPending}
      error={enable.error}
      onConfirm={() => enable.mutate({ id, version, enabled: !enabled }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={factsOf(
          endpoint,
          enabled
            ? "events that arrive while the endpoint is disabled are not sent, not even later"
            : "events that arrive from now on are sent to this endpoint",
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
      confirm="Delete endpoint"
      foot="Deleting an endpoint and its secret cannot be undone."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: endpoint.id }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts facts={factsOf(endpoint, "unfinished deliveries are discarded; the log is kept")} />
    </ConfirmDialog>
  );
};
