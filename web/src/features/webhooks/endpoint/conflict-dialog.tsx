import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useId, useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Radio } from "#ui/form/checkbox.tsx";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "./endpoint.module.css";
import { type ChangedBy, changesOf, merged, type Side } from "./merge.ts";
import { changeOf, type EndpointValues, type Field, fieldWords, valuesOf, wordsOf } from "./values.ts";

type Versions = { base: EndpointValues; theirs: EndpointValues; mine: EndpointValues };

const Row = (props: {
  versions: Versions;
  field: Field;
  by: ChangedBy;
  choice: Side | undefined;
  onChoice: (side: Side) => void;
}) => {
  const { versions, field, by, choice, onChoice } = props;
  const name = useId();
  const label = fieldWords[field];
  const taken = by === "both" ? choice : by;
  const cell = (side: Side, words: string) => (
    <td
      className={by === side ? css.taken : undefined}
      data-side={by === "both" ? undefined : side === "mine" ? "Yours" : "Theirs"}
    >
      {by === "both" ? (
        <label className={css.choice}>
          <Radio
            name={name}
            checked={choice === side}
            onChange={() => onChoice(side)}
            aria-label={`${label}: ${side === "mine" ? "keep mine" : "use theirs"}`}
          />
          <span>
            <span className="c3 t12">{side === "mine" ? "Keep mine" : "Use theirs"}</span>
            <br />
            <span className="mono">{words}</span>
          </span>
        </label>
      ) : (
        <span className="mono">{by === side ? words : <span className="c3">not changed</span>}</span>
      )}
    </td>
  );
  return (
    <tr className={by === "both" ? css.both : undefined}>
      <th scope="row">
        {by === "both" ? <Status tone="degraded" label={label} inRow /> : label}
        {by === "both" && <div className="c3 t12">changed by both</div>}
      </th>
      <td data-side="Before">
        <span className="mono">{wordsOf(versions.base, field)}</span>
      </td>
      {cell("theirs", wordsOf(versions.theirs, field))}
      {cell("mine", wordsOf(versions.mine, field))}
      <td data-side="Result">
        {taken === undefined ? (
          <span className="c3">not chosen yet</span>
        ) : (
          <span className="mono">{wordsOf(versions[taken], field)}</span>
        )}
      </td>
    </tr>
  );
};

const Head = ({ began, theirs }: { began: WebhookEndpoint; theirs: WebhookEndpoint }) => (
  <thead>
    <tr>
      <th scope="col">Field</th>
      <th scope="col">Version {began.version}</th>
      <th scope="col">
        Version {theirs.version}
        {theirs.changedBy !== null && `, ${theirs.changedBy}`}
      </th>
      <th scope="col">Yours</th>
      <th scope="col">Result</th>
    </tr>
  </thead>
);

const said = (changes: readonly { by: ChangedBy }[]): string => {
  const both = changes.filter(({ by }) => by === "both").length;
  const mine = changes.filter(({ by }) => by === "mine").length;
  const conflicts = `${both} ${both === 1 ? "conflicts" : "conflict"} with theirs`;
  return `Your ${formatPlural(both + mine, "change")} ${both + mine === 1 ? "is" : "are"} kept here. ${
    mine === 0 ? "" : `${mine} ${mine === 1 ? "applies" : "apply"} cleanly, `
  }${conflicts}.`;
};

/**
 * An edit that lost against another one: what each side changed, field by field. Only what both changed is asked;
 * nothing is saved before each such field has a choice. `mine` is what the form holds.
 */
export const ConflictDialog = (props: {
  began: WebhookEndpoint;
  theirs: WebhookEndpoint;
  mine: EndpointValues;
  isBusy: boolean;
  onSave: (result: EndpointValues) => void;
  onBack: () => void;
  onDiscard: () => void;
}) => {
  const { began, theirs, mine, isBusy, onSave, onBack, onDiscard } = props;
  const [choices, setChoices] = useState<ReadonlyMap<Field, Side>>(new Map());
  const versions = { base: valuesOf(began), theirs: valuesOf(theirs), mine };
  const changes = changesOf(versions.base, versions.theirs, mine);
  const result = merged(versions.base, versions.theirs, mine, choices);
  const isTheirs = result !== undefined && Object.keys(changeOf(versions.theirs, result)).length === 0;
  const who = theirs.changedBy ?? "Someone else";
  return (
    <Dialog
      title={`Not saved: ${who} changed this endpoint`}
      onClose={onBack}
      footer={
        <div className={css.foot}>
          <Button large onClick={onDiscard}>
            Discard my changes
          </Button>
          <span className="grow" />
          <Button large onClick={onBack}>
            Back to editing
          </Button>
          <Button
            large
            variant="primary"
            disabled={isBusy || result === undefined}
            onClick={() => (result === undefined || isTheirs ? onDiscard() : onSave(result))}
          >
            {isTheirs ? `Keep version ${theirs.version}` : `Save version ${theirs.version + 1}`}
          </Button>
        </div>
      }
    >
      <p className="c2">
        Changed at <Time at={theirs.changedAt} full />. You began with version {began.version}, now it is{" "}
        {theirs.version}. {said(changes)}
      </p>
      <table className={css.conflict}>
        <Head began={began} theirs={theirs} />
        <tbody>
          {changes.map(({ field, by }) => (
            <Row
              key={field}
              versions={versions}
              field={field}
              by={by}
              choice={choices.get(field)}
              onChoice={(side) => setChoices(new Map([...choices, [field, side]]))}
            />
          ))}
        </tbody>
      </table>
      <p className="c3 t12">
        Choose one side where both changed a field. Fields that only one of you changed are taken over.
        Nothing was overwritten.
      </p>
    </Dialog>
  );
};
