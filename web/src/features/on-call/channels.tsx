import { useQuery } from "@tanstack/react-query";
import type { SharedChannel, TestResult } from "@wheelhouse/shared/alerts/channels.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { onDemand } from "#lib/on-demand.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./on-call.module.css";
import { channelsQuery, useDeleteChannel, useTestChannel } from "./queries.ts";
import { SettingsSection } from "./settings.tsx";
import { WallsSection } from "./walls.tsx";
import { sharedKindNames } from "./words.ts";

const ChannelDialog = onDemand(async () => ({
  default: (await import("./channel-dialog.tsx")).ChannelDialog,
}));

/** What a test did, beside the button that asked for it. */
export const TestSaid = ({ result }: { result: TestResult | undefined }) =>
  result === undefined ? null : (
    <span role="status" className={`t12 ${result.ok ? "c2" : "tx-down"}`}>
      {result.ok ? `Accepted in ${result.latencyMs} ms` : `Not accepted: ${result.detail}`}
    </span>
  );

const stateOf = ({ failingSince, lastSentAt }: SharedChannel) =>
  failingSince !== null
    ? ({ tone: "degraded", label: "Failing" } as const)
    : lastSentAt === null
      ? ({ tone: "unknown", label: "Not used yet" } as const)
      : ({ tone: "ok", label: "OK" } as const);

const Channel = (props: {
  channel: SharedChannel;
  organization: string;
  canAct: boolean;
  onEdit: (() => void) | null;
  onDelete: (() => void) | null;
}) => {
  const { channel, organization, canAct, onEdit, onDelete } = props;
  const test = useTestChannel(organization);
  const { tone, label } = stateOf(channel);
  return (
    <li>
      <span className={css.name}>
        <b>{channel.name}</b> <Status inRow tone={tone} label={label} />
        <small>
          {sharedKindNames[channel.kind]}, {channel.hint}
          {channel.leastSeverity === "info" ? "" : `, from ${channel.leastSeverity}`}
          {channel.lastSentAt !== null && (
            <>
              , sent <Age at={channel.lastSentAt} short suffix="ago" />
            </>
          )}
        </small>
        {channel.lastError !== null && <small className="tx-down">{channel.lastError}</small>}
        {test.error !== null && <ActError title="The test was not sent." error={test.error} />}
      </span>
      <TestSaid result={test.data} />
      {canAct && (
        <Button disabled={test.isPending} onClick={() => test.mutate({ params: { id: channel.id } })}>
          Send test
        </Button>
      )}
      {onEdit !== null && <Button onClick={onEdit}>Change…</Button>}
      {onDelete !== null && <Button onClick={onDelete}>Delete…</Button>}
    </li>
  );
};

type Asked = { act: "create" } | { act: "edit" | "delete"; channel: SharedChannel } | null;

const Dialogs = (props: { organization: string; asked: Asked; onClose: () => void }) => {
  const { organization, asked, onClose } = props;
  const remove = useDeleteChannel(organization);
  if (asked === null) return null;
  if (asked.act === "create")
    return <ChannelDialog organization={organization} channel={null} onClose={onClose} />;
  const { channel } = asked;
  if (asked.act === "edit")
    return <ChannelDialog organization={organization} channel={channel} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={`Delete channel ${channel.name}`}
      confirm="Delete channel"
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ params: { id: channel.id } }, { onSuccess: onClose })}
      onClose={onClose}
    >
      Steps that name it call one channel less; the readiness check says where that leaves nobody.
    </ConfirmDialog>
  );
};

/** Channels that the organization shares, how it sends, and the links of its wallboards. */
export const ChannelsTab = ({ organization }: { organization: string }) => {
  const channels = useQuery(channelsQuery(organization));
  const canConfigure = useCan(organization, "alerts:configure");
  const canAct = useCan(organization, "alerts:act");
  const [asked, setAsked] = useState<Asked>(null);
  return (
    <div className={css.single}>
      <section className={css.section}>
        <div className={css.head}>
          <h2 className="h">Channels</h2>
          <span className="t12 c3">addresses and keys are sealed and not shown again</span>
          <span className="grow" />
          {canConfigure && (
            <Button variant="primary" onClick={() => setAsked({ act: "create" })}>
              Add channel…
            </Button>
          )}
        </div>
        <Panel
          name="Channels"
          query={channels}
          isEmpty={({ items }) => items.length === 0}
          empty={
            <Empty title="No shared channel yet">
              Slack, Microsoft Teams, PagerDuty, Opsgenie-shaped JSON, or a signed webhook. People have
              channels of their own.
            </Empty>
          }
        >
          {({ items }) => (
            <ul className={css.cards}>
              {items.map((channel) => (
                <Channel
                  key={channel.id}
                  channel={channel}
                  organization={organization}
                  canAct={canAct}
                  onEdit={canConfigure ? () => setAsked({ act: "edit", channel }) : null}
                  onDelete={canConfigure ? () => setAsked({ act: "delete", channel }) : null}
                />
              ))}
            </ul>
          )}
        </Panel>
      </section>
      <SettingsSection organization={organization} canConfigure={canConfigure} />
      {canConfigure && <WallsSection organization={organization} />}
      <Dialogs organization={organization} asked={asked} onClose={() => setAsked(null)} />
    </div>
  );
};
