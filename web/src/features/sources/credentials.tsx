import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import type { createTarget } from "@wheelhouse/shared/sources.ts";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import css from "./sources.module.css";

type Credentials = EndpointInput<typeof createTarget>["body"]["credentials"];
const kinds = ["keep", "none", "bearer", "basic", "header", "certificate"] as const;
type Kind = (typeof kinds)[number];
/** As typed: `first` is the user, the header's name or the certificate, `secret` what belongs to it. */
export type CredentialsForm = { kind: Kind; first: string; secret: string };

const words: Record<Kind, string> = {
  keep: "Keep what is stored",
  none: "None",
  bearer: "Bearer token",
  basic: "User and password",
  header: "Header",
  certificate: "Client certificate",
};
const labels: Record<Kind, { first: string | null; secret: string | null }> = {
  keep: { first: null, secret: null },
  none: { first: null, secret: null },
  bearer: { first: null, secret: "Token" },
  basic: { first: "User", secret: "Password" },
  header: { first: "Header name", secret: "Header value" },
  certificate: { first: "Certificate (PEM)", secret: "Key (PEM)" },
};

/** @param stored whether the source has credentials. */
export const emptyCredentials = (stored: boolean): CredentialsForm => ({
  kind: stored ? "keep" : "none",
  first: "",
  secret: "",
});

/** Credentials as the API expects them: undefined keeps, null deletes. */
export const credentialsOf = ({ kind, first, secret }: CredentialsForm): Credentials => {
  if (kind === "keep") return undefined;
  if (kind === "bearer") return { kind, token: secret };
  if (kind === "basic") return { kind, user: first, password: secret };
  if (kind === "header") return { kind, name: first.trim(), value: secret };
  if (kind === "certificate") return { kind, certificate: first, key: secret };
  return null;
};

export const isComplete = ({ kind, first, secret }: CredentialsForm): boolean =>
  (labels[kind].first === null || first.trim() !== "") && (labels[kind].secret === null || secret !== "");

/** What the endpoint asks for. Stored values are never shown again. */
export const CredentialsFields = (props: {
  form: CredentialsForm;
  stored: boolean;
  error: string | undefined;
  onChange: (form: CredentialsForm) => void;
}) => {
  const { form, stored, error, onChange } = props;
  const { first, secret } = labels[form.kind];
  const rows = form.kind === "certificate" ? { rows: 3 } : {};
  return (
    <>
      <FormField
        label="Credentials"
        hint="Stored encrypted, never shown again, sent only to these addresses"
        error={error}
      >
        {(control) => (
          <Select
            {...control}
            className="field"
            value={form.kind}
            onChange={(event) =>
              onChange({
                kind: kinds.find((kind) => kind === event.target.value) ?? "none",
                first: "",
                secret: "",
              })
            }
          >
            {kinds
              .filter((kind) => kind !== "keep" || stored)
              .map((kind) => (
                <option key={kind} value={kind}>
                  {words[kind]}
                </option>
              ))}
          </Select>
        )}
      </FormField>
      <div className={first === null || form.kind === "certificate" ? undefined : css.pair}>
        {first !== null && (
          <TextField
            label={first}
            error={undefined}
            value={form.first}
            maxLength={32_000}
            onChange={(value) => onChange({ kind: form.kind, first: value, secret: form.secret })}
            {...rows}
          />
        )}
        {secret !== null && (
          <TextField
            label={secret}
            error={undefined}
            value={form.secret}
            maxLength={32_000}
            onChange={(value) => onChange({ kind: form.kind, first: form.first, secret: value })}
            isSecret
            {...rows}
          />
        )}
      </div>
    </>
  );
};
