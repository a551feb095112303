import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { SourceDialog } from "./dialog.tsx";
import { useSaveTarget } from "./queries.ts";
import css from "./sources.module.css";

const blank = { name: "", service: "", server: "", prefix: "", bentocache: "" };

type Form = typeof blank;
type FormPart = {
  form: Form;
  complaint: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
};

/** Name and service of the cache. */
const OwnerFields = (props: FormPart) => {
  const { form, complaint, onChange } = props;
  return (
    <div className={css.pair}>
      <TextField
        label="Name"
        hint="As named in its service"
        error={complaint("name")}
        value={form.name}
        onChange={(text) => onChange({ name: text })}
      />
      <TextField
        label="Service"
        error={complaint("service")}
        value={form.service}
        onChange={(text) => onChange({ service: text })}
      />
    </div>
  );
};

const ServerField = (props: {
  servers: readonly WatchedSource[];
  server: string;
  error: string | undefined;
  onServer: (id: string) => void;
}) => {
  const { servers, server: chosen, error, onServer } = props;
  const isGone = chosen !== "" && !servers.some(({ id }) => id === chosen);
  return (
    <FormField
      label="Redis"
      hint={servers.length === 0 ? "No Redis server is watched in this organization yet" : undefined}
      error={error}
    >
      {(control) => (
        <Select
          {...control}
          className="field"
          value={chosen}
          onChange={(event) => onServer(event.target.value)}
        >
          {isGone && <option value={chosen}>{chosen}, no longer watched</option>}
          {servers.map((server) => (
            <option key={server.id} value={server.id}>
              {server.name}
            </option>
          ))}
        </Select>
      )}
    </FormField>
  );
};

/** Where the keys of the cache are, and how they are named. */
const PlaceFields = (props: FormPart) => {
  const { form, complaint, onChange } = props;
  return (
    <div className={css.pair}>
      <TextField
        label="Prefix"
        hint="The beginning of its keys, such as shop:prices:"
        error={complaint("prefix")}
        value={form.prefix}
        onChange={(text) => onChange({ prefix: text })}
      />
      <TextField
        label="bentocache store"
        hint="For bentocache only: allows removal by tag"
        error={complaint("bentocache")}
        value={form.bentocache}
        onChange={(text) => onChange({ bentocache: text })}
      />
    </div>
  );
};

/** Declares a cache under a prefix of a watched Redis server, or changes it. */
export const CacheDialog = (props: {
  organization: string;
  /** The cache to change; null for a new one. */
  source: WatchedSource | null;
  sources: readonly WatchedSource[];
  onClose: () => void;
}) => {
  const { organization, source, sources, onClose } = props;
  const save = useSaveTarget(organization);
  const servers = sources.filter(({ kind }) => kind === "redis");
  const [form, setForm] = useState(() => {
    const now = source?.definition?.kind === "cache" ? source.definition : null;
    if (now === null) return { ...blank, server: servers[0]?.id ?? "" };
    const { name, service, server, prefix, bentocache } = now;
    return { name, service, server, prefix, bentocache: bentocache ?? "" };
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const [name, service, prefix] = [form.name.trim(), form.service.trim(), form.prefix.trim()];
  const bentocache = form.bentocache.trim();
  return (
    <SourceDialog
      source={source}
      act="Declare"
      word="cache"
      foot="Members who can invalidate caches can then remove keys under this prefix, counted first and audited."
      fields={["name", "service", "server", "prefix", "bentocache"]}
      name={form.name}
      definition={{
        kind: "cache" as const,
        name,
        service,
        prefix,
        server: form.server,
        bentocache: bentocache === "" ? null : bentocache,
      }}
      isReady={name !== "" && service !== "" && prefix !== "" && form.server !== ""}
      save={save}
      onSaved={onClose}
      onClose={onClose}
    >
      {(complaint, shortName) => (
        <>
          <OwnerFields form={form} complaint={complaint} onChange={set} />
          {shortName}
          <ServerField
            servers={servers}
            server={form.server}
            error={complaint("server")}
            onServer={(server) => set({ server })}
          />
          <PlaceFields form={form} complaint={complaint} onChange={set} />
        </>
      )}
    </SourceDialog>
  );
};
