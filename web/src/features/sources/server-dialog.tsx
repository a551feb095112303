import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { SourceDialog } from "./dialog.tsx";
import { useSaveServer } from "./queries.ts";
import css from "./sources.module.css";

const kinds = { redis: "Redis", postgres: "Postgres" } as const;
type Kind = keyof typeof kinds;
const defaultSeconds = { redis: 3, postgres: 5 };
const example = { redis: "redis://user:password@host:6379/0", postgres: "postgres://user:password@host/db" };

const KindField = (props: { kind: Kind; error: string | undefined; onChange: (kind: Kind) => void }) => (
  <FormField label="Kind" error={props.error}>
    {(control) => (
      <Select
        {...control}
        className="field"
        value={props.kind}
        onChange={(event) => props.onChange(event.target.value === "postgres" ? "postgres" : "redis")}
      >
        {Object.entries(kinds).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
    )}
  </FormField>
);

/** Watches a Redis or Postgres server, or changes its name or address. */
export const ServerDialog = (props: {
  organization: string;
  source: (WatchedSource & { kind: Kind }) | null;
  onClose: () => void;
}) => {
  const { organization, source, onClose } = props;
  const save = useSaveServer(organization);
  const [kind, setKind] = useState<Kind>(source?.kind ?? "redis");
  const [name, setName] = useState(source?.name ?? "");
  const [url, setUrl] = useState("");
  const [seconds, setSeconds] = useState(source?.timeoutMs == null ? "" : String(source.timeoutMs / 1_000));
  const timeoutMs = seconds.trim() === "" ? null : Math.round(Number(seconds) * 1_000);
  return (
    <SourceDialog
      source={source}
      act="Watch"
      word="server"
      foot="The address is stored encrypted and never shown again."
      fields={["name", "url", "kind", "timeoutMs"]}
      name={name}
      definition={{ kind, name: name.trim(), url: url.trim(), timeoutMs }}
      isReady={name.trim() !== "" && url.trim() !== ""}
      save={save}
      onSaved={onClose}
      onClose={onClose}
    >
      {(complaint, shortName) => (
        <>
          {source === null && <KindField kind={kind} error={complaint("kind")} onChange={setKind} />}
          <div className={source === null ? css.pair : undefined}>
            <TextField label="Name" error={complaint("name")} value={name} onChange={setName} />
            {shortName}
          </div>
          <TextField
            label="Address"
            hint={`Including credentials, such as ${example[kind]}`}
            error={complaint("url")}
            value={url}
            onChange={setUrl}
            isSecret
          />
          <TextField
            label="Timeout (seconds)"
            hint={`For connecting and for each command; ${defaultSeconds[kind]} if empty`}
            error={complaint("timeoutMs")}
            value={seconds}
            onChange={setSeconds}
            isNumber
          />
        </>
      )}
    </SourceDialog>
  );
};
