import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form-dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import css from "./sources.module.css";
import { ReasonField, TextField } from "./sources-parts.tsx";
import { useSaveServer } from "./sources-queries.ts";

const kinds = { redis: "Redis", postgres: "Postgres" } as const;
type Kind = keyof typeof kinds;
const example = { redis: "redis://user:password@host:6379/0", postgres: "postgres://user:password@host/db" };

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
  const [slug, setSlug] = useState<string | null>(null);
  const [url, setUrl] = useState("");
  const [reason, setReason] = useState("");
  const shownSlug = slug ?? slugOf(name);
  return (
    <FormDialog
      title={source === null ? "Watch a server" : `Change ${source.name}`}
      confirm={source === null ? "Watch 1 server" : "Change 1 server"}
      foot="Its address is sealed, and never shown again."
      failure="Nothing was changed."
      fields={["slug", "name", "url", "kind", "reason"]}
      within="definition"
      error={save.error}
      isReady={name.trim() !== "" && url.trim() !== ""}
      isBusy={save.isPending}
      onSubmit={() =>
        save.mutate(
          {
            ...{ source, slug: shownSlug, definition: { kind, name: name.trim(), url: url.trim() } },
            ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          },
          { onSuccess: onClose },
        )
      }
      onClose={onClose}
    >
      {(complaint) => (
        <>
          {source === null && (
            <FormField label="Kind" error={complaint("kind")}>
              {(control) => (
                <select
                  {...control}
                  className="field"
                  value={kind}
                  onChange={(event) => setKind(event.target.value === "postgres" ? "postgres" : "redis")}
                >
                  {Object.entries(kinds).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              )}
            </FormField>
          )}
          <div className={source === null ? css.pair : undefined}>
            <TextField label="Name" error={complaint("name")} value={name} onChange={setName} />
            {source === null && (
              <TextField
                label="Short name"
                hint="Its id; cannot be changed"
                error={complaint("slug")}
                value={shownSlug}
                onChange={setSlug}
              />
            )}
          </div>
          <TextField
            label="Address"
            hint={`With its credentials, such as ${example[kind]}`}
            error={complaint("url")}
            value={url}
            onChange={setUrl}
            isSecret
          />
          <ReasonField value={reason} onChange={setReason} error={complaint("reason")} />
        </>
      )}
    </FormDialog>
  );
};
