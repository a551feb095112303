import { useQuery } from "@tanstack/react-query";
import type { Objective, ObjectiveDefinition } from "@wheelhouse/shared/alerts/objectives.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { keyOfName, ruleSeriesQuery } from "../rules/rules.tsx";
import { useSaveObjective } from "./queries.ts";

const ownBreaker = "webhook-delivery~";

/** What is typed. */
type Draft = {
  name: string;
  of: ObjectiveDefinition["of"];
  thing: string;
  target: string;
  days: string;
  fast: string;
  slow: string;
  owner: string;
};

const draftOf = (before: ObjectiveDefinition | undefined): Draft => ({
  name: before?.name ?? "",
  of: before?.of ?? "service",
  thing: before?.thing ?? "",
  target: before === undefined ? "99.9%" : `${Number((before.target * 100).toFixed(3))}%`,
  days: String(before?.windowDays ?? 30),
  fast: String(before?.fast.over ?? 14.4),
  slow: String(before?.slow.over ?? 6),
  owner: before?.owner ?? "",
});

const definitionOf = (draft: Draft, before: ObjectiveDefinition | undefined): ObjectiveDefinition => ({
  name: draft.name.trim(),
  of: draft.of,
  thing: draft.thing,
  target: Number(draft.target.replace("%", "").trim()) / 100,
  windowDays: Number(draft.days),
  fast: { over: Number(draft.fast), severity: before?.fast.severity ?? "critical" },
  slow: { over: Number(draft.slow), severity: before?.slow.severity ?? "warning" },
  owner: draft.owner.trim() === "" ? null : draft.owner.trim(),
  runbook: before?.runbook ?? null,
});

const isComplete = ({ name, thing, target, windowDays, fast, slow }: ObjectiveDefinition): boolean =>
  name !== "" && thing !== "" && [target, windowDays, fast.over, slow.over].every((each) => each > 0);

/** Things that can have an objective: services, and endpoints by their breakers. */
const useThings = (organization: string, of: ObjectiveDefinition["of"]) => {
  const { data } = useQuery(ruleSeriesQuery(organization));
  const kind = of === "service" ? "service" : "breaker";
  const things = data?.items.find((each) => each.kind === kind)?.things ?? [];
  if (of === "service") return things;
  return things.flatMap(({ id, name }) =>
    id.startsWith(ownBreaker) ? [{ id: id.slice(ownBreaker.length), name }] : [],
  );
};

type FieldsProps = {
  draft: Draft;
  things: readonly { id: string; name: string }[];
  onChange: (change: Partial<Draft>) => void;
  complaint: (field: string) => string | undefined;
};

const Subject = ({ draft, things, onChange, complaint }: FieldsProps) => {
  const { of, thing } = draft;
  const known =
    things.some(({ id }) => id === thing) || thing === "" ? things : [...things, { id: thing, name: thing }];
  return (
    <>
      <FormField label="Of">
        {(control) => (
          <Select
            {...control}
            value={of}
            onChange={(event) =>
              onChange({ of: event.target.value === "service" ? "service" : "endpoint", thing: "" })
            }
          >
            <option value="service">uptime of a service</option>
            <option value="endpoint">successful attempts to a webhook endpoint</option>
          </Select>
        )}
      </FormField>
      <FormField label={of === "service" ? "Service" : "Endpoint"} error={complaint("thing")}>
        {(control) => (
          <Select {...control} value={thing} onChange={(event) => onChange({ thing: event.target.value })}>
            <option value="">Choose one</option>
            {known.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </Select>
        )}
      </FormField>
    </>
  );
};

const burnHint = "Times the rate that uses up the budget exactly in time";

const Terms = ({ draft, onChange, complaint }: FieldsProps) => {
  const text = (
    field: "target" | "days" | "fast" | "slow" | "owner",
    of: { label: string; hint?: string; name: string },
  ) => (
    <TextField
      label={of.label}
      hint={of.hint}
      value={draft[field]}
      onChange={(value) => onChange({ [field]: value })}
      error={complaint(of.name)}
      maxLength={100}
    />
  );
  return (
    <>
      {text("target", { label: "Target", hint: "Such as 99.9%", name: "target" })}
      {text("days", { label: "Over days", name: "windowDays" })}
      {text("fast", { label: "Fast burn, over 1 h and 5 m", hint: burnHint, name: "fast" })}
      {text("slow", { label: "Slow burn, over 6 h and 30 m", name: "slow" })}
      {text("owner", { label: "Owner", name: "owner" })}
    </>
  );
};

/** Adds an objective, or changes one. */
export const ObjectiveDialog = (props: {
  organization: string;
  objective: Objective | null;
  onClose: () => void;
}) => {
  const { organization, objective, onClose } = props;
  const before = objective?.definition;
  const [draft, setDraft] = useState(draftOf(before));
  const things = useThings(organization, draft.of);
  const save = useSaveObjective(organization);
  const definition = definitionOf(draft, before);
  const key = objective?.key ?? keyOfName(draft.name).slice(0, 50);
  const onChange = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }));
  return (
    <FormDialog
      title={objective === null ? "Add an objective" : `Change objective ${before?.name}`}
      confirm={objective === null ? "Add objective" : `Save version ${objective.version + 1}`}
      failure="The objective was not saved."
      fields={["name", "thing", "target", "windowDays", "fast", "slow", "owner"]}
      within="definition"
      error={save.error}
      isReady={isComplete(definition) && key !== ""}
      isBusy={save.isPending}
      onSubmit={() =>
        save.mutate({ key, version: objective?.version ?? null, definition }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label="Name"
            value={draft.name}
            onChange={(name) => onChange({ name })}
            error={complaint("name")}
            maxLength={100}
          />
          <Subject draft={draft} things={things} onChange={onChange} complaint={complaint} />
          <Terms draft={draft} things={things} onChange={onChange} complaint={complaint} />
        </>
      )}
    </FormDialog>
  );
};
