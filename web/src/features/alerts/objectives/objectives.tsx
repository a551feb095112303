import { useQuery } from "@tanstack/react-query";
import type { Objective } from "@wheelhouse/shared/alerts/objectives.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import css from "../alerts.module.css";
import { ObjectiveDialog } from "./objective-dialog.tsx";
import own from "./objectives.module.css";
import { objectivesQuery, useDeleteObjective } from "./queries.ts";

const percent = (value: number | null, digits = 3): string =>
  value === null ? "n/a" : `${Number((value * 100).toFixed(digits))}%`;
const times = (value: number | null): string => (value === null ? "n/a" : `${Number(value.toFixed(1))} ×`);

const Budget = ({ objective }: { objective: Objective }) => {
  const { budgetLeft } = objective;
  const left = Math.max(0, Math.min(1, budgetLeft ?? 0));
  return (
    <div className={own.budget} title={percent(budgetLeft, 1)}>
      <i style={{ width: `${left * 100}%` }} className={left < 0.25 ? own.low : undefined} />
    </div>
  );
};

const DeleteButton = ({ organization, objective }: { organization: string; objective: Objective }) => {
  const [isAsked, setAsked] = useState(false);
  const remove = useDeleteObjective(organization);
  const { key, version, definition } = objective;
  return (
    <>
      <Button onClick={() => setAsked(true)}>Delete…</Button>
      {isAsked && (
        <ConfirmDialog
          title={`Delete objective ${definition.name}`}
          confirm="Delete objective"
          isDestructive
          error={remove.error}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate({ key, version }, { onSuccess: () => setAsked(false) })}
          onClose={() => setAsked(false)}
        >
          Its burn-rate alerts go with it and end without a notification.
        </ConfirmDialog>
      )}
    </>
  );
};

const Row = (props: { organization: string; objective: Objective; mayConfigure: boolean }) => {
  const { organization, objective, mayConfigure } = props;
  const [isEditing, setEditing] = useState(false);
  const { definition, thingName, achieved, knownDays, budgetLeft, burn } = objective;
  const { name, of, target, windowDays, fast, slow } = definition;
  const isBurning = (burn.h1 ?? 0) > fast.over && (burn.m5 ?? 0) > fast.over;
  return (
    <tr>
      <td className="two card-title">
        <b>{name}</b>
        <small>
          {of === "service" ? `${thingName} is up` : `attempts to ${thingName} succeed`}, {percent(target)}{" "}
          over {windowDays} d
        </small>
      </td>
      <td className="two">
        {percent(achieved)}
        <small>{knownDays < windowDays ? `of ${knownDays} d known` : `${windowDays} d`}</small>
      </td>
      <td className={own.left}>
        <span className={(budgetLeft ?? 1) < 0.25 ? "tx-warn b" : undefined}>{percent(budgetLeft, 1)}</span>
        <Budget objective={objective} />
      </td>
      <td className="two lo">
        <span className={isBurning ? "tx-down b" : undefined}>{times(burn.h1)}</span>
        <small>alerts over {fast.over} ×</small>
      </td>
      <td className="two lo">
        {times(burn.h6)}
        <small>alerts over {slow.over} ×</small>
      </td>
      {mayConfigure && (
        <td className="num nw">
          <Button onClick={() => setEditing(true)}>Edit…</Button>{" "}
          <DeleteButton organization={organization} objective={objective} />
          {isEditing && (
            <ObjectiveDialog
              organization={organization}
              objective={objective}
              onClose={() => setEditing(false)}
            />
          )}
        </td>
      )}
    </tr>
  );
};

const Head = ({ hasActs }: { hasActs: boolean }) => (
  <thead>
    <tr>
      <th scope="col">Objective</th>
      <th scope="col">Achieved</th>
      <th scope="col">Budget left</th>
      <th scope="col" className="lo">
        Burn, 1 h
      </th>
      <th scope="col" className="lo">
        Burn, 6 h
      </th>
      {hasActs && (
        <th scope="col">
          <span className="vh">Acts</span>
        </th>
      )}
    </tr>
  </thead>
);

/** Objectives, with the error budget that is left and how fast it burns. */
export const Objectives = ({ organization }: { organization: string }) => {
  const objectives = useQuery(objectivesQuery(organization));
  const mayConfigure = useCan(organization, "alerts:configure");
  const [isAdding, setAdding] = useState(false);
  return (
    <div className={css.body}>
      <div className="sec-h">
        <h3 className="h">Objectives</h3>
        <span className="grow" />
        {mayConfigure && <Button onClick={() => setAdding(true)}>Add objective…</Button>}
      </div>
      <Panel
        name="Objectives"
        query={objectives}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title="No objective yet">
            An objective is a target over 30 days, such as 99.9% of the time up. It alerts when its error
            budget burns too fast.
          </Empty>
        }
      >
        {({ items }) => (
          <table className="tb cards">
            <caption className="vh">Service objectives</caption>
            <Head hasActs={mayConfigure} />
            <tbody>
              {items.map((objective) => (
                <Row
                  key={objective.key}
                  organization={organization}
                  objective={objective}
                  mayConfigure={mayConfigure}
                />
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      {isAdding && (
        <ObjectiveDialog organization={organization} objective={null} onClose={() => setAdding(false)} />
      )}
    </div>
  );
};
