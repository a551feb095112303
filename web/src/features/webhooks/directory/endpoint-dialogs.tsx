import { useQuery } from "@tanstack/react-query";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Failure, Skeleton } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { BreakerStatus, urlText } from "../deliveries/deliveries.ts";
import { LateDialog, missedEventsQuery } from "../events/events.ts";
import { useDeleteEndpoint, useEnableEndpoint } from "../queries.ts";

type Props = { organization: string; endpoint: WebhookEndpoint; onClose: () => void };

const factsOf = (endpoint: WebhookEndpoint, then: string) => [
  { label: "Address", value: urlText(endpoint.url) },
  {
    label: "State",
    value: endpoint.enabled ? <BreakerStatus state={endpoint.breaker.state} /> : "Disabled",
  },
  { label: "Effect", value: then },
];

/** What an endpoint missed while it was disabled is offered once it is enabled; nothing is sent unasked. */
const MissedDialog = ({ organization, endpoint, onClose }: Props) => {
  const missed = useQuery(missedEventsQuery(organization, endpoint.id));
  const [isDelivering, setIsDelivering] = useState(false);
  if (isDelivering)
    return (
      <LateDialog
        organization={organization}
        title={`Deliver what ${endpoint.name} missed`}
        endpointId={endpoint.id}
        filter={{ missed: true }}
        onClose={onClose}
      />
    );
  const count = missed.data?.count ?? 0;
  return (
    <Dialog
      title={`${endpoint.name} is enabled`}
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">{count > 0 && "They stay in the list of events until you do."}</span>
          <Button large onClick={onClose}>
            {count > 0 ? "Not now" : "Done"}
          </Button>
          {count > 0 && (
            <Button large variant="primary" onClick={() => setIsDelivering(true)}>
              Deliver what it missed…
            </Button>
          )}
        </>
      }
    >
      {missed.data === undefined ? (
        missed.error === null ? (
          <Skeleton label="what it missed" rows={2} />
        ) : (
          <Failure
            name="What it missed"
            error={missed.error}
            isFetching={missed.isFetching}
            onRetry={missed.refetch}
          />
        )
      ) : (
        <p>
          {count === 0
            ? "It missed no event while it was disabled."
            : `It missed ${formatPlural(count, "event")}${missed.data.isBound ? " or more" : ""} while it was disabled.`}
        </p>
      )}
    </Dialog>
  );
};

export const EnableEndpointDialog = ({ organization, endpoint, onClose }: Props) => {
  const enable = useEnableEndpoint(organization);
  const { id, name, version, enabled } = endpoint;
  if (enable.data?.enabled === true)
    return <MissedDialog organization={organization} endpoint={enable.data} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={enabled ? `Disable ${name}` : `Enable ${name}`}
      confirm={enabled ? "Disable endpoint" : "Enable endpoint"}
      foot={enabled ? "You can enable it again at any time." : "You can disable it again at any time."}
      isBusy={enable.isPending}
      error={enable.error}
      onConfirm={() =>
        enable.mutate(
          { id, version, enabled: !enabled },
          { onSuccess: (changed) => !changed.enabled && onClose() },
        )
      }
      onClose={onClose}
    >
      <Facts
        facts={factsOf(
          endpoint,
          enabled
            ? "events that arrive while the endpoint is disabled are kept; you can deliver them when you enable it again"
            : "events that arrive from now on are sent to this endpoint",
        )}
      />
    </ConfirmDialog>
  );
};

export const DeleteEndpointDialog = (props: Props & { onDeleted: () => void }) => {
  const { organization, endpoint, onDeleted, onClose } = props;
  const remove = useDeleteEndpoint(organization);
  // The page of a deleted endpoint is left before anything reads it again.
  const leave = () => {
    onClose();
    onDeleted();
  };
  return (
    <ConfirmDialog
      title={`Delete ${endpoint.name}`}
      confirm="Delete endpoint"
      foot="Deleting an endpoint and its secret cannot be undone."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: endpoint.id }, { onSuccess: leave })}
      onClose={onClose}
    >
      <Facts facts={factsOf(endpoint, "unfinished deliveries are discarded; the log is kept")} />
    </ConfirmDialog>
  );
};
