import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type Delivery, type DeliveryDetail, deliveryTopic } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Suspense, useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { useKeys } from "#lib/keys.ts";
import { useLive } from "#lib/live/live-context.tsx";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { DeliveryStatus, isReplayable } from "../deliveries/deliveries.ts";
import { deliveryDetailQuery } from "../queries.ts";
import { ReplayDialog } from "../replays/replays.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { DeliveryActs } from "./delivery-acts.tsx";
import { DeliveryBody } from "./delivery-body.tsx";

type Address = PageAddress<WebhooksSearch>;

/** `delivery` is undefined without permission to act, and while it is loading. */
const Foot = (props: {
  organization: string;
  delivery: Delivery | DeliveryDetail | undefined;
  order: DeliveryDetail["order"];
  onReplay: (() => void) | null;
}) => {
  const { organization, delivery, order, onReplay } = props;
  return (
    <>
      {onReplay !== null && (
        <Button variant="primary" onClick={onReplay} disabled={delivery === undefined}>
          Replay… <kbd className={css.key}>R</kbd>
        </Button>
      )}
      {delivery !== undefined && (
        <DeliveryActs organization={organization} delivery={delivery} order={order} />
      )}
      <span className="grow" />
      <CopyButton text={location.href} label="Copy link" />
    </>
  );
};

const State = ({ delivery: shown }: { delivery: Pick<Delivery, "status" | "eventId"> }) => (
  <>
    <DeliveryStatus status={shown.status} />
    <span className="mono cut">{shown.eventId}</span>
    <CopyButton text={shown.eventId} />
  </>
);

/** The delivery in full, fetched again whenever it changes. */
const useDetail = (organization: string, id: string) => {
  const client = useQueryClient();
  const query = useQuery(deliveryDetailQuery(organization, id));
  useLive(deliveryTopic, ({ heads }) => {
    if (!heads.some((head) => head.id === id)) return;
    void client.invalidateQueries({ queryKey: deliveryDetailQuery(organization, id).queryKey });
  });
  return query;
};

/** One delivery: facts, attempts, messages and its replay. Open as long as the URL names a delivery. */
export const DeliveryDrawer = (props: {
  organization: string;
  id: string;
  rows: readonly Delivery[];
  address: Address;
}) => {
  const { organization, id, rows, address } = props;
  const query = useDetail(organization, id);
  const [isReplaying, setIsReplaying] = useState(false);
  const canReplay = useCan(organization, "webhooks:replay");
  const row = rows.find((candidate) => candidate.id === id);
  const detail = query.data;
  // The row is pushed and the detail fetched; the newer of the two is shown.
  const shown = row ?? detail;

  const at = rows.findIndex((candidate) => candidate.id === id);
  const open = (index: number) => {
    const next = rows[index];
    return at === -1 || next === undefined
      ? undefined
      : () => {
          setIsReplaying(false);
          address.go({ ...address.search, delivery: next.id }, { replace: true });
        };
  };
  const mayReplay = canReplay && shown !== undefined && isReplayable(shown.status);
  const startReplay = mayReplay ? () => setIsReplaying(true) : null;
  useKeys(startReplay === null ? [] : [{ keys: "r", label: "Replay…", group: "Drawer", run: startReplay }]);
  const isGone = query.error instanceof ApiError && query.error.code === "not_found";

  return (
    <Drawer
      label={`Delivery ${shown?.eventType ?? ""}`.trim()}
      title={shown?.eventType ?? "Delivery"}
      status={shown === undefined ? undefined : <State delivery={shown} />}
      onPrevious={open(at - 1)}
      onNext={open(at + 1)}
      onClose={() => address.go({ ...address.search, delivery: undefined })}
      footer={
        <Foot
          organization={organization}
          delivery={canReplay ? shown : undefined}
          order={detail?.order ?? null}
          onReplay={startReplay}
        />
      }
    >
      {isGone ? (
        <Empty title="Delivery not found">
          It was deleted, its retention has expired, or it belongs to another organization.
        </Empty>
      ) : (
        <Panel name="The delivery" query={query} skeletonRows={8}>
          {(data) => <DeliveryBody key={data.id} detail={data} address={address} />}
        </Panel>
      )}
      {isReplaying && detail !== undefined && (
        <Suspense>
          <ReplayDialog organization={organization} detail={detail} onClose={() => setIsReplaying(false)} />
        </Suspense>
      )}
    </Drawer>
  );
};
