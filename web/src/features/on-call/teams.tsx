import type { OnCall } from "@wheelhouse/shared/alerts/routing.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import { onDemand } from "#lib/on-demand.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { numbered } from "./numbered.ts";
import css from "./on-call.module.css";
import { useDeleteOverride, useDeleteTeam } from "./queries.ts";
import { Rota } from "./rota.tsx";
import { waysText } from "./words.ts";

type TeamView = OnCall["teams"][number];
const TeamDialog = onDemand(async () => ({ default: (await import("./team-dialog.tsx")).TeamDialog }));
const OverrideDialog = onDemand(async () => ({
  default: (await import("./override-dialog.tsx")).OverrideDialog,
}));

const weekdays = ["", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const Steps = (props: { view: TeamView; onEdit: (() => void) | null; onDelete: (() => void) | null }) => {
  const { view, onEdit, onDelete } = props;
  return (
    <section className={css.part}>
      <div className={css.head}>
        <h3 className="h">Escalation of {view.team.name}</h3>
        <span className="grow" />
        {onEdit !== null && <Button onClick={onEdit}>Edit team…</Button>}
        {onDelete !== null && <Button onClick={onDelete}>Delete team…</Button>}
      </div>
      <table className={css.table}>
        <caption className="vh">Escalation steps</caption>
        <thead>
          <tr>
            <th>Step</th>
            <th>Notifies</th>
            <th className="num">After</th>
            <th className="num">Reachable</th>
          </tr>
        </thead>
        <tbody>
          {numbered(view.steps).map(({ item: step, at }) => (
            <tr key={at}>
              <td className="c3">{at + 1}</td>
              <td>
                {step.who}
                <small>{step.detail === "" ? "nobody" : step.detail}</small>
              </td>
              <td className="num">{at === 0 ? "at once" : `${view.team.steps[at]?.afterMinutes ?? 0} m`}</td>
              <td className={step.gap === null ? "num c2" : "num tx-warn b"}>
                {step.gap ?? `yes, ${formatPlural(step.channels, "channel")}`}
              </td>
            </tr>
          ))}
          {view.team.repeats > 0 && (
            <tr>
              <td className="c3">{view.steps.length + 1}</td>
              <td>
                Repeat from step 1<small>at most {formatPlural(view.team.repeats, "time")}</small>
              </td>
              <td className="num c3">–</td>
              <td className="num c3">–</td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
};

const People = ({ people }: { people: OnCall["people"] }) => (
  <section className={css.part}>
    <div className={css.head}>
      <h3 className="h">Channels per person</h3>
      <span className="t12 c3">what can be used of what each chose</span>
    </div>
    {people.length === 0 ? (
      <p className="c3">Nobody is on a rota or a step.</p>
    ) : (
      <table className={css.table}>
        <caption className="vh">Channels per person by severity and hour</caption>
        <thead>
          <tr>
            <th>Person</th>
            <th>Critical, day</th>
            <th>Critical, night</th>
            <th className={css.lo}>Warning</th>
            <th className={`num ${css.lo}`}>Tested</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.userId}>
              <td>
                {person.name}
                {person.problem !== null && <small className="tx-warn">{person.problem}</small>}
              </td>
              <td className={person.criticalDay.length < 2 ? "tx-warn b" : "c2"}>
                {waysText(person.criticalDay)}
              </td>
              <td className={person.criticalNight.length < 2 ? "tx-warn b" : "c2"}>
                {waysText(person.criticalNight)}
              </td>
              <td className={`c2 ${css.lo}`}>{waysText(person.warning)}</td>
              <td className={`num c2 ${css.lo}`}>
                {person.testedAt === null ? "never" : <Age at={person.testedAt} short suffix="ago" />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
);

const Overrides = (props: {
  view: TeamView;
  members: OnCall["members"];
  organization: string;
  canAct: boolean;
}) => {
  const { view, members, organization, canAct } = props;
  const remove = useDeleteOverride(organization);
  const nameOf = (userId: string) => members.find((each) => each.userId === userId)?.name ?? "Former member";
  if (view.overrides.length === 0) return null;
  return (
    <ul className={css.overrides} aria-label="Overrides">
      {view.overrides.map(({ id, userId, layer, startsAt, endsAt, reason, createdBy }) => (
        <li key={id}>
          <span>
            <b>{nameOf(userId)}</b> in layer {layer + 1}, <Time at={startsAt} full /> –{" "}
            <Time at={endsAt} full />
            <small>
              {reason === null ? "" : `“${reason}”, `}by {createdBy}
            </small>
          </span>
          {canAct && (
            <Button disabled={remove.isPending} onClick={() => remove.mutate({ params: { id } })}>
              Remove override
            </Button>
          )}
        </li>
      ))}
      {remove.error !== null && <ActError title="The override was not removed." error={remove.error} />}
    </ul>
  );
};

type Asked = "create" | "edit" | "override" | "delete" | null;

const Dialogs = (props: {
  asked: Asked;
  view: TeamView | undefined;
  data: OnCall;
  organization: string;
  onClose: () => void;
}) => {
  const { asked, view, data, organization, onClose } = props;
  const remove = useDeleteTeam(organization);
  if (asked === "create")
    return <TeamDialog organization={organization} data={data} team={null} onClose={onClose} />;
  if (!view || asked === null) return null;
  if (asked === "edit")
    return <TeamDialog organization={organization} data={data} team={view.team} onClose={onClose} />;
  if (asked === "override")
    return <OverrideDialog organization={organization} data={data} team={view.team} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={`Delete team ${view.team.name}`}
      confirm="Delete team"
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ params: { id: view.team.id } }, { onSuccess: onClose })}
      onClose={onClose}
    >
      Its rota, overrides and steps are deleted. Incidents that it took go to the next team that matches.
    </ConfirmDialog>
  );
};

const TeamHead = (props: {
  data: OnCall;
  view: TeamView;
  canConfigure: boolean;
  canAct: boolean;
  onTeam: (id: string) => void;
  onAsk: (asked: Asked) => void;
}) => {
  const { data, view, canConfigure, canAct, onTeam, onAsk } = props;
  const { team } = view;
  return (
    <div className={css.head}>
      <h3 className="h">Rota of {team.name}</h3>
      <span className="t12 c3">
        weekly, {weekdays[team.handoverDay]} {team.handoverTime} {team.timeZone},{" "}
        {formatPlural(new Set(team.layers.flat()).size, "person", "people")}
      </span>
      <span className="grow" />
      {data.teams.length > 1 && (
        <Segments
          group={{ label: "Team" }}
          options={data.teams.map((each) => ({ value: each.team.id, label: each.team.name }))}
          value={team.id}
          onChange={onTeam}
        />
      )}
      {canAct && team.layers.length > 0 && <Button onClick={() => onAsk("override")}>Add override…</Button>}
      {canConfigure && <Button onClick={() => onAsk("create")}>Add team…</Button>}
    </div>
  );
};

/** Rota, escalation and people of the chosen team. */
export const Teams = (props: {
  data: OnCall;
  organization: string;
  teamId: string | undefined;
  onTeam: (id: string) => void;
}) => {
  const { data, organization, teamId, onTeam } = props;
  const [asked, setAsked] = useState<Asked>(null);
  const canConfigure = useCan(organization, "alerts:configure");
  const canAct = useCan(organization, "alerts:act");
  const view = data.teams.find(({ team }) => team.id === teamId) ?? data.teams[0];
  const close = () => setAsked(null);
  return (
    <>
      {view === undefined ? (
        <Empty title="No team yet">
          <p>
            A team takes incidents by their labels and calls people step by step. Until there is one,
            everybody who may act on alerts is told once.
          </p>
          {canConfigure && (
            <Button variant="primary" onClick={() => setAsked("create")}>
              Add team…
            </Button>
          )}
        </Empty>
      ) : (
        <>
          <section className={css.rota}>
            <TeamHead
              data={data}
              view={view}
              canConfigure={canConfigure}
              canAct={canAct}
              onTeam={onTeam}
              onAsk={setAsked}
            />
            <Rota view={view} from={data.from} to={data.to} />
            <Overrides view={view} members={data.members} organization={organization} canAct={canAct} />
          </section>
          <div className={css.columns}>
            <Steps
              view={view}
              onEdit={canConfigure ? () => setAsked("edit") : null}
              onDelete={canConfigure ? () => setAsked("delete") : null}
            />
            <People people={data.people} />
          </div>
        </>
      )}
      <Dialogs asked={asked} view={view} data={data} organization={organization} onClose={close} />
    </>
  );
};
