import type { IncidentDetail } from "@wheelhouse/shared/alerts/incidents.ts";
import type { Matcher } from "@wheelhouse/shared/alerts/silences.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { useKeys } from "#lib/keys.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { useIncidentAct, useIncidentSummary } from "../queries.ts";
import { SilenceDialog } from "../silences/silences.tsx";
import { nameOf } from "../words.tsx";
import { AssignDialog, ResolveDialog, SnoozeDialog } from "./dialogs.tsx";
import css from "./incident.module.css";

type Opened = "silence" | "assign" | "snooze" | "resolve" | null;

/** What silences this incident and nothing else of its kind. */
const matchersOf = ({ labels }: IncidentDetail): Matcher[] => {
  const { kind, id, rule } = labels;
  const own = kind !== undefined && id !== undefined ? [{ label: kind, pattern: id, isNot: false }] : [];
  return own.length > 0 || rule === undefined ? own : [{ label: "rule", pattern: rule, isNot: false }];
};

const Opens = (props: {
  organization: string;
  incident: IncidentDetail;
  opened: Opened;
  onClose: () => void;
}) => {
  const { organization, incident, opened, onClose } = props;
  const { number } = incident;
  if (opened === "silence")
    return <SilenceDialog organization={organization} of={matchersOf(incident)} onClose={onClose} />;
  const common = { organization, number, onClose };
  if (opened === "assign") return <AssignDialog {...common} assignedTo={incident.assignedTo} />;
  if (opened === "snooze") return <SnoozeDialog {...common} />;
  return opened === "resolve" ? <ResolveDialog {...common} /> : null;
};

const SummaryButton = ({ organization, number }: { organization: string; number: number }) => {
  const summary = useIncidentSummary(organization, number);
  const markdown = summary.data?.markdown;
  return (
    <>
      <Button large disabled={summary.isPending} onClick={() => summary.mutate()}>
        Summary…
      </Button>
      {(markdown !== undefined || summary.error !== null) && (
        <Dialog
          title={`${nameOf({ number })} as Markdown`}
          onClose={() => summary.reset()}
          footer={
            <>
              <span className="grow" />
              {markdown !== undefined && (
                <Button large variant="primary" onClick={() => void navigator.clipboard.writeText(markdown)}>
                  Copy Markdown
                </Button>
              )}
            </>
          }
        >
          {summary.error !== null && <ActError title="There is no summary." error={summary.error} />}
          <textarea
            className={`field mono ${css.markdown}`}
            readOnly
            rows={18}
            value={markdown ?? ""}
            aria-label="Markdown"
          />
        </Dialog>
      )}
    </>
  );
};

/** The acts on an open incident; `a` acknowledges. */
export const IncidentActs = ({
  organization,
  incident,
}: {
  organization: string;
  incident: IncidentDetail;
}) => {
  const { number, acknowledgedAt } = incident;
  const mayAct = useCan(organization, "alerts:act");
  const [opened, setOpened] = useState<Opened>(null);
  const act = useIncidentAct(organization, number);
  const canAcknowledge = mayAct && acknowledgedAt === null;
  const acknowledge = () => {
    if (canAcknowledge && !act.isPending) act.mutate({ act: "acknowledge" });
  };
  useKeys(canAcknowledge ? [{ keys: "a", label: "Acknowledge", group: "This page", run: acknowledge }] : []);
  return (
    <>
      <div className={`no-phone ${css.acts}`}>
        {canAcknowledge && (
          <Button large variant="primary" disabled={act.isPending} onClick={acknowledge}>
            Acknowledge <kbd>A</kbd>
          </Button>
        )}
        {mayAct && (
          <>
            <Button large onClick={() => setOpened("silence")}>
              Silence…
            </Button>
            <Button large onClick={() => setOpened("assign")}>
              Assign…
            </Button>
            <Button large onClick={() => setOpened("snooze")}>
              Snooze…
            </Button>
            <Button large onClick={() => setOpened("resolve")}>
              Resolve…
            </Button>
          </>
        )}
        <SummaryButton organization={organization} number={number} />
      </div>
      {act.error !== null && <ActError title="Not acknowledged." error={act.error} />}
      <Opens
        organization={organization}
        incident={incident}
        opened={opened}
        onClose={() => setOpened(null)}
      />
    </>
  );
};

/** On a phone the acts lie over the bottom bar, within reach of one thumb. */
export const ThumbActs = ({ organization, incident }: { organization: string; incident: IncidentDetail }) => {
  const [opened, setOpened] = useState<Opened>(null);
  const act = useIncidentAct(organization, incident.number);
  const { acknowledgedAt, runbook } = incident;
  return (
    <div className={`only-phone ${css.thumb}`}>
      {acknowledgedAt === null ? (
        <Button variant="primary" disabled={act.isPending} onClick={() => act.mutate({ act: "acknowledge" })}>
          Acknowledge {nameOf(incident)}
        </Button>
      ) : (
        <Button onClick={() => setOpened("resolve")}>Resolve {nameOf(incident)}…</Button>
      )}
      <div>
        <Button onClick={() => setOpened("silence")}>Silence…</Button>
        <Button onClick={() => setOpened("assign")}>Assign…</Button>
        {runbook === null ? (
          <Button onClick={() => setOpened("snooze")}>Snooze…</Button>
        ) : (
          <a className="btn" href={runbook} target="_blank" rel="noreferrer">
            Runbook
          </a>
        )}
      </div>
      <Opens
        organization={organization}
        incident={incident}
        opened={opened}
        onClose={() => setOpened(null)}
      />
    </div>
  );
};
