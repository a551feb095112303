import { Link } from "@tanstack/react-router";
import type { BellItem, readBell, Severity } from "@wheelhouse/shared/alerts/notifications.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { basePath } from "#lib/base-path.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./bell.module.css";
import { useMarkRead } from "./queries.ts";

const tones: Record<Severity, Tone> = { critical: "down", warning: "degraded", info: "neutral" };
const labels: Partial<Record<BellItem["event"], string>> = {
  resolved: "Resolved",
  acknowledged: "Acknowledged",
  digest: "Digest",
  test: "Test",
  channel: "Channel",
  reopened: "Reopened",
};
const severities: Record<Severity, string> = { critical: "Critical", warning: "Warning", info: "Info" };

const Item = ({
  item,
  organization,
  onClose,
}: {
  item: BellItem;
  organization: string;
  onClose: () => void;
}) => {
  const isOver = item.event === "resolved" || item.event === "acknowledged";
  return (
    <li className={item.readAt === null ? css.unread : undefined}>
      <a href={`${basePath}/o/${organization}/${item.path}`} onClick={onClose}>
        <span className={css.line}>
          <Status
            inRow
            tone={isOver ? "ok" : tones[item.severity]}
            label={labels[item.event] ?? severities[item.severity]}
          />
          <span className="c3 t12">
            <Age at={item.at} short suffix="ago" />
          </span>
        </span>
        <b>{item.title}</b>
        {item.summary !== "" && <span className="c2 t12">{item.summary}</span>}
      </a>
    </li>
  );
};

/** The newest notifications; closing marks them as read. */
const BellPanel = (props: {
  organization: string;
  bell: PanelQuery<EndpointResult<typeof readBell>>;
  onClose: () => void;
}) => {
  const { organization, bell, onClose } = props;
  const { mutate } = useMarkRead(organization);
  const newest = bell.data?.items[0];
  const hasUnread = (bell.data?.unread ?? 0) > 0;
  const close = () => {
    if (newest && hasUnread) mutate(newest.id);
    onClose();
  };
  return (
    <Dialog
      title="Notifications"
      onClose={close}
      footer={
        <>
          <span className="c3 t12 grow">
            <Link to="/o/$org/oncall" params={{ org: organization }} search={{ tab: "mine" }} onClick={close}>
              How you are reached
            </Link>
          </span>
          <Button large variant="primary" onClick={close}>
            {hasUnread ? "Mark all as read" : "Close"}
          </Button>
        </>
      }
    >
      <Panel
        name="Notifications"
        query={bell}
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No notifications yet">Incidents that call you appear here.</Empty>}
      >
        {({ items }) => (
          <ul className={css.list}>
            {items.map((item) => (
              <Item key={item.id} item={item} organization={organization} onClose={close} />
            ))}
          </ul>
        )}
      </Panel>
    </Dialog>
  );
};

export default BellPanel;
