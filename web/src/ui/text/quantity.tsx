import { formatCount } from "#lib/format.ts";

/** A count in full; zero is muted, unknown is a dash. */
export const Count = ({ value }: { value: number | null }) =>
  value === null ? (
    <span className="zero" title="unknown">
      –
    </span>
  ) : value === 0 ? (
    <span className="zero">0</span>
  ) : (
    formatCount(value)
  );

/** Two columns of label and value, as in a drawer. */
export const Facts = ({ facts }: { facts: readonly { label: string; value: React.ReactNode }[] }) => (
  <dl className="kv">
    {facts.map(({ label, value }) => (
      <div key={label} className="kv-row">
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
