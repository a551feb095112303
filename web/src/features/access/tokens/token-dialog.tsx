import { tokenCapabilities } from "@wheelhouse/shared/access/rights.ts";
import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import { useState } from "react";
import { useSession } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../access.module.css";
import { useCreateToken } from "../queries.ts";
import { meaningOf } from "../rights.ts";
import { presets } from "./presets.ts";
import { ScopeWords } from "./scope-words.tsx";

const dayMs = 24 * 3_600_000;
const lifetimes: readonly { value: number | null; label: string }[] = [
  { label: "30 days", value: 30 },
  { label: "90 days", value: 90 },
  { label: "1 year", value: 365 },
  { label: "never", value: null },
];

type Chosen = ReadonlySet<Capability>;

const withAll = (chosen: Chosen, capabilities: readonly Capability[], isOn: boolean): Chosen => {
  const next = new Set(chosen);
  for (const capability of capabilities) {
    if (isOn) next.add(capability);
    else next.delete(capability);
  }
  return next;
};

const PresetChoice = (props: {
  preset: (typeof presets)[number];
  offered: readonly Capability[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}) => {
  const { preset, offered, chosen, onChange } = props;
  const able = preset.capabilities.filter((capability) => offered.includes(capability));
  const held = able.filter((capability) => chosen.has(capability)).length;
  if (able.length === 0) return null;
  return (
    <label className={css.preset}>
      <Checkbox
        checked={held === able.length}
        isSome={held > 0 && held < able.length}
        onChange={({ target }) => onChange(withAll(chosen, able, target.checked))}
      />
      <span>
        <b>{preset.label}</b>
        <small className="c3">
          {preset.text}
          {able.length < preset.capabilities.length && " Without what you may not do yourself."}
        </small>
      </span>
    </label>
  );
};

const Scopes = (props: {
  offered: readonly Capability[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}) => {
  const { offered, chosen, onChange } = props;
  return (
    <>
      <fieldset className={css.presets}>
        <legend>What the token is for, in this organization only</legend>
        {presets.map((preset) => (
          <PresetChoice
            key={preset.id}
            preset={preset}
            offered={offered}
            chosen={chosen}
            onChange={onChange}
          />
        ))}
      </fieldset>
      <details>
        <summary className="t12 c2">
          {chosen.size === 0 ? "Choose single permissions" : formatPlural(chosen.size, "permission")}
        </summary>
        <fieldset className={css.scopes}>
          <legend className="vh">Single permissions</legend>
          {offered.map((capability) => (
            <label key={capability} title={capability}>
              <Checkbox
                checked={chosen.has(capability)}
                onChange={({ target }) => onChange(withAll(chosen, [capability], target.checked))}
              />
              {meaningOf(capability)}
            </label>
          ))}
        </fieldset>
      </details>
    </>
  );
};

type NewToken = NonNullable<ReturnType<typeof useCreateToken>["data"]>;

const Created = ({ token, onClose }: { token: NewToken; onClose: () => void }) => (
  <ShownOnce
    title={`Token ${token.name} created`}
    text={token.token}
    copy="Copy token"
    facts={[
      { label: "Permissions", value: <ScopeWords capabilities={token.capabilities} /> },
      {
        label: "Expires",
        value: token.expiresAt === null ? "never" : <Time at={token.expiresAt} full />,
      },
    ]}
    note="Store the token now."
    onClose={onClose}
  >
    It will not be shown again. Send it as <span className="mono">Authorization: Bearer …</span>
  </ShownOnce>
);

/** Creates a token, then shows it once. */
export const CreateTokenDialog = ({
  organization,
  onClose,
}: {
  organization: string;
  onClose: () => void;
}) => {
  const session = useSession(organization);
  const create = useCreateToken(organization);
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<Capability>>(new Set());
  const [days, setDays] = useState<number | null>(90);
  const offered = tokenCapabilities.filter((one) => session.capabilities.includes(one));
  if (create.data !== undefined) return <Created token={create.data} onClose={onClose} />;
  const submit = () =>
    create.mutate({
      name: name.trim(),
      capabilities: [...chosen],
      expiresAt: days === null ? null : new Date(Date.now() + days * dayMs).toISOString(),
    });
  return (
    <FormDialog
      title={`Create token for ${session.organization.name}`}
      confirm="Create token"
      foot="A token never has more permissions than you."
      failure="The token was not created."
      fields={["name"]}
      error={create.error}
      isReady={name.trim() !== "" && chosen.size > 0}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label="Name"
            hint="The program that uses it"
            maxLength={100}
            error={complaint("name")}
            value={name}
            onChange={setName}
          />
          <Scopes offered={offered} chosen={chosen} onChange={setChosen} />
          <div>
            <div className={css.label} id="token-ends">
              Expires after
            </div>
            <Segments
              options={lifetimes}
              value={days}
              onChange={setDays}
              group={{ labelledBy: "token-ends", className: css.ends }}
            />
          </div>
        </>
      )}
    </FormDialog>
  );
};
