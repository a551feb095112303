import { Button } from "#ui/page/button.tsx";
import type { HeaderDraft } from "./draft.ts";
import css from "./endpoint.module.css";
import { isSecretHeader } from "./values.ts";

const headersMax = 20;

const HeaderRow = (props: {
  header: HeaderDraft;
  onChange: (header: HeaderDraft) => void;
  onRemove: () => void;
}) => {
  const { header, onChange, onRemove } = props;
  const { name, value, isStored } = header;
  const label = name === "" ? "new header" : name;
  return (
    <div className={css.header}>
      <input
        className="field mono"
        aria-label={`Name of ${label}`}
        placeholder="x-name"
        maxLength={100}
        readOnly={isStored}
        value={name}
        onChange={(event) => onChange({ ...header, name: event.target.value })}
      />
      <input
        className="field mono"
        aria-label={`Value of ${label}`}
        placeholder={isStored ? "···· kept unless changed" : "value"}
        autoComplete="off"
        maxLength={2_000}
        value={value}
        onChange={(event) => onChange({ ...header, value: event.target.value })}
      />
      <Button variant="ghost" aria-label={`Remove ${label}`} onClick={onRemove}>
        Remove
      </Button>
    </div>
  );
};

/** Headers that each delivery carries. Secret values are never shown; an empty field keeps them. */
export const HeaderFields = (props: {
  id: string;
  headers: readonly HeaderDraft[];
  error: string | undefined;
  onHeaders: (headers: readonly HeaderDraft[]) => void;
}) => {
  const { id, headers, error, onHeaders } = props;
  const nextKey = Math.max(-1, ...headers.map(({ key }) => key)) + 1;
  const isNewSecret = headers.some(({ name, isStored }) => !isStored && isSecretHeader(name));
  return (
    <fieldset className={css.headers} aria-describedby={`${id}-note`}>
      <legend>Headers</legend>
      {headers.map((header) => (
        <HeaderRow
          key={header.key}
          header={header}
          onChange={(changed) => onHeaders(headers.map((each) => (each.key === header.key ? changed : each)))}
          onRemove={() => onHeaders(headers.filter(({ key }) => key !== header.key))}
        />
      ))}
      <Button
        disabled={headers.length >= headersMax}
        onClick={() => onHeaders([...headers, { key: nextKey, name: "", value: "", isStored: false }])}
      >
        Add header
      </Button>
      <div id={`${id}-note`} className={error === undefined ? "c3 t12" : "tx-down t12"}>
        {error ??
          (isNewSecret
            ? "Secret values cannot be read again once they are saved"
            : "Sent with each delivery; values of headers such as authorization are secret")}
      </div>
    </fieldset>
  );
};
