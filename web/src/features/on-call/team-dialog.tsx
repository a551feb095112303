import { useQuery } from "@tanstack/react-query";
import type { OnCall, StepTarget, Team } from "@wheelhouse/shared/alerts/routing.ts";
import { type Role, roles } from "@wheelhouse/shared/capabilities.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { numbered } from "./numbered.ts";
import css from "./on-call.module.css";
import { channelsQuery, useCreateTeam, useUpdateTeam } from "./queries.ts";
import { definitionOf, formOf, type TeamForm, targetKey } from "./team-form.ts";

type Change = (change: Partial<TeamForm>) => void;
type Named = { id: string; name: string };
const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const mostLayers = 3;
const mostSteps = 10;

/** Chosen things as chips, and a list to add one. */
const Picker = (props: {
  label: string;
  chosen: readonly Named[];
  options: readonly Named[];
  add: string;
  onAdd: (id: string) => void;
  onRemove: (at: number) => void;
}) => {
  const { label, chosen, options, add, onAdd, onRemove } = props;
  return (
    <div className={css.inline}>
      <ul className={css.chips} aria-label={label}>
        {chosen.map(({ id, name }, at) => (
          <li key={id}>
            <Button aria-label={`Remove ${name}`} onClick={() => onRemove(at)}>
              {name} ×
            </Button>
          </li>
        ))}
      </ul>
      <Select aria-label={`${label}: ${add}`} value="" onChange={(event) => onAdd(event.target.value)}>
        <option value="">{add}</option>
        {options
          .filter(({ id }) => !chosen.some((each) => each.id === id))
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
      </Select>
    </div>
  );
};

const Layers = ({ form, change, people }: { form: TeamForm; change: Change; people: readonly Named[] }) => {
  const set = (at: number, layer: string[]) =>
    change({ layers: form.layers.map((each, index) => (index === at ? layer : each)) });
  const nameOf = (id: string) => people.find((each) => each.id === id)?.name ?? "Former member";
  return (
    <div className={css.step}>
      <b>Rota, week by week in this order</b>
      {numbered(form.layers).map(({ item: layer, at }) => (
        <div key={at}>
          <span className="c3 t12">Layer {at + 1}</span>
          <Picker
            label={`People of layer ${at + 1}`}
            chosen={layer.map((id) => ({ id, name: nameOf(id) }))}
            options={people}
            add="Add a person…"
            onAdd={(id) => set(at, [...layer, id])}
            onRemove={(index) => set(at, layer.toSpliced(index, 1))}
          />
        </div>
      ))}
      <div className={css.inline}>
        {form.layers.length < mostLayers && (
          <Button onClick={() => change({ layers: [...form.layers, []] })}>Add layer</Button>
        )}
        {form.layers.length > 0 && (
          <Button onClick={() => change({ layers: form.layers.slice(0, -1) })}>Remove last layer</Button>
        )}
      </div>
    </div>
  );
};

/** Everything that a step can notify, by its key. */
const useTargets = (organization: string, form: TeamForm, people: readonly Named[]) => {
  const channels = useQuery(channelsQuery(organization)).data?.items ?? [];
  const all: { target: StepTarget; name: string }[] = [
    ...form.layers.map((_, layer) => ({
      target: { kind: "rota", layer } as const,
      name: `Rota, layer ${layer + 1}`,
    })),
    ...channels.map(({ id, name }) => ({ target: { kind: "channel", channelId: id } as const, name })),
    ...people.map(({ id, name }) => ({ target: { kind: "person", userId: id } as const, name })),
    ...roles.map((role: Role) => ({
      target: { kind: "role", role } as const,
      name: `Everyone with the role ${role}`,
    })),
  ];
  return new Map(all.map(({ target, name }) => [targetKey(target), { target, name }]));
};

const Steps = (props: {
  form: TeamForm;
  change: Change;
  targets: ReturnType<typeof useTargets>;
  complaint: string | undefined;
}) => {
  const { form, change, targets, complaint } = props;
  const options = [...targets].map(([id, { name }]) => ({ id, name }));
  const set = (at: number, step: TeamForm["steps"][number]) =>
    change({ steps: form.steps.map((each, index) => (index === at ? step : each)) });
  const last = Number(form.steps.at(-1)?.afterMinutes ?? 0);
  return (
    <div className={css.step}>
      <b>Escalation</b>
      {numbered(form.steps).map(({ item: step, at }) => (
        <div key={at} className={css.step}>
          {at === 0 ? (
            <span className="c3 t12">Step 1, at once</span>
          ) : (
            <TextField
              label={`Step ${at + 1}, minutes after the first`}
              error={undefined}
              isNumber
              value={step.afterMinutes}
              onChange={(afterMinutes) => set(at, { afterMinutes, targets: step.targets })}
            />
          )}
          <Picker
            label={`Step ${at + 1} notifies`}
            chosen={step.targets.map((target) => ({
              id: targetKey(target),
              name: targets.get(targetKey(target))?.name ?? "Gone",
            }))}
            options={options}
            add="Notify…"
            onAdd={(id) => {
              const found = targets.get(id);
              if (found)
                set(at, { afterMinutes: step.afterMinutes, targets: [...step.targets, found.target] });
            }}
            onRemove={(index) =>
              set(at, { afterMinutes: step.afterMinutes, targets: step.targets.toSpliced(index, 1) })
            }
          />
        </div>
      ))}
      <div className={css.inline}>
        {form.steps.length < mostSteps && (
          <Button
            onClick={() =>
              change({ steps: [...form.steps, { afterMinutes: String(last + 15), targets: [] }] })
            }
          >
            Add step
          </Button>
        )}
        {form.steps.length > 1 && (
          <Button onClick={() => change({ steps: form.steps.slice(0, -1) })}>Remove last step</Button>
        )}
      </div>
      {complaint !== undefined && <p className="tx-down t12">{complaint}</p>}
    </div>
  );
};

const Basics = (props: {
  form: TeamForm;
  change: Change;
  complaint: (field: string) => string | undefined;
}) => {
  const { form, change, complaint } = props;
  return (
    <>
      <TextField
        label="Name"
        error={complaint("name")}
        value={form.name}
        maxLength={100}
        onChange={(name) => change({ name })}
      />
      <TextField
        label="Takes incidents with these labels, one a line"
        hint="service=payments*, severity=critical. All have to match; without any, it takes what no other team takes."
        error={complaint("matchers")}
        rows={2}
        value={form.matchers}
        onChange={(matchers) => change({ matchers })}
      />
      <div className={css.grid}>
        <FormField label="Hand-over on" error={complaint("handoverDay")}>
          {(control) => (
            <Select
              {...control}
              value={form.handoverDay}
              onChange={(event) => change({ handoverDay: event.target.value })}
            >
              {days.map((day, at) => (
                <option key={day} value={at + 1}>
                  {day}
                </option>
              ))}
            </Select>
          )}
        </FormField>
        <TextField
          label="At"
          error={complaint("handoverTime")}
          value={form.handoverTime}
          onChange={(handoverTime) => change({ handoverTime })}
        />
        <TextField
          label="Time zone"
          error={complaint("timeZone")}
          value={form.timeZone}
          onChange={(timeZone) => change({ timeZone })}
        />
        <TextField
          label="Repeats"
          error={complaint("repeats")}
          isNumber
          value={form.repeats}
          onChange={(repeats) => change({ repeats })}
        />
      </div>
    </>
  );
};

/** Creates or changes a team: what it takes, its rota and its steps. */
export const TeamDialog = (props: {
  organization: string;
  data: OnCall;
  team: Team | null;
  onClose: () => void;
}) => {
  const { organization, data, team, onClose } = props;
  const create = useCreateTeam(organization);
  const update = useUpdateTeam(organization);
  const [form, setForm] = useState(() => formOf(team));
  const change: Change = (given) => setForm((before) => ({ ...before, ...given }));
  const people = data.members.map(({ userId, name }) => ({ id: userId, name }));
  const targets = useTargets(organization, form, people);
  const submit = () => {
    const body = definitionOf(form, team?.rotaFrom ?? new Date().toISOString().slice(0, 10));
    if (team === null) create.mutate({ body }, { onSuccess: onClose });
    else
      update.mutate(
        { params: { id: team.id }, body: { ...body, version: team.version } },
        { onSuccess: onClose },
      );
  };
  return (
    <FormDialog
      title={team === null ? "Add team" : `Change team ${team.name}`}
      confirm={team === null ? "Add team" : "Save team"}
      failure="The team was not saved."
      fields={["name", "matchers", "handoverDay", "handoverTime", "timeZone", "repeats", "steps", "layers"]}
      error={create.error ?? update.error}
      isReady={form.name.trim() !== "" && form.steps.every((step) => step.targets.length > 0)}
      isBusy={create.isPending || update.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Basics form={form} change={change} complaint={complaint} />
          <Layers form={form} change={change} people={people} />
          <Steps
            form={form}
            change={change}
            targets={targets}
            complaint={complaint("steps") ?? complaint("layers")}
          />
        </>
      )}
    </FormDialog>
  );
};
