import { useQuery } from "@tanstack/react-query";
import type { RuleDefinition, RuleView } from "@wheelhouse/shared/alerts/rules.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Panel } from "#ui/page/panel.tsx";
import type { AlertsSearch } from "../search.ts";
import { changedFields, type Draft, draftOf, keyOfName, newDraft, readDraft } from "./draft.ts";
import { RuleForm } from "./form.tsx";
import { Preview } from "./preview.tsx";
import { ruleQuery, useDeleteRule, useSaveRule } from "./queries.ts";
import css from "./rules.module.css";
import { Versions } from "./versions.tsx";

type Detail = RuleView & {
  versions: readonly { version: number; definition: RuleDefinition | null; by: string; at: string }[];
};
type Props = { organization: string; address: PageAddress<AlertsSearch> };

const DeleteButton = ({ organization, address, rule }: Props & { rule: Detail }) => {
  const [isAsked, setAsked] = useState(false);
  const remove = useDeleteRule(organization);
  const isBuiltin = rule.source === "builtin";
  const verb = isBuiltin ? "Reset rule" : "Delete rule";
  return (
    <>
      <Button large onClick={() => setAsked(true)}>
        {verb}…
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={`${verb} ${rule.definition.name}`}
          confirm={verb}
          error={remove.error}
          isBusy={remove.isPending}
          onConfirm={() =>
            remove.mutate(
              { key: rule.key, version: rule.version },
              { onSuccess: () => address.go({ tab: "rules" }) },
            )
          }
          onClose={() => setAsked(false)}
        >
          {isBuiltin
            ? "The rule becomes as it is built in. Its versions are kept."
            : "Its open alerts end without a notification."}
        </ConfirmDialog>
      )}
    </>
  );
};

const Failed = ({ error, onReload }: { error: Error | null; onReload: () => void }) => {
  if (error === null) return null;
  if (error instanceof ApiError && error.code === "conflict")
    return (
      <Note tone="bad" title="Not saved.">
        {error.message} <Button onClick={onReload}>Load current version</Button>
      </Note>
    );
  return <ActError title="The rule was not saved." error={error} />;
};

const Foot = (
  props: Props & { rule: Detail | null; isReady: boolean; changed: number; onDiscard: () => void },
) => {
  const { organization, address, rule, isReady, changed, onDiscard } = props;
  return (
    <footer>
      <Button large variant="primary" type="submit" disabled={!isReady}>
        {rule === null ? "Create rule" : `Save version ${(rule.versions[0]?.version ?? rule.version) + 1}`}
      </Button>
      <Button large disabled={changed === 0} onClick={onDiscard}>
        Discard changes
      </Button>
      {rule !== null && rule.version > 0 && (
        <DeleteButton organization={organization} address={address} rule={rule} />
      )}
      <span className="grow" />
      <span className="t12 c3">
        {rule === null || changed === 0 ? "" : `${formatPlural(changed, "field")} changed`}
      </span>
    </footer>
  );
};

/** Form and preview; the draft lives until it is saved or discarded. */
const Editing = ({
  organization,
  address,
  rule,
  onReload,
}: Props & { rule: Detail | null; onReload: () => void }) => {
  const began: Draft = rule === null ? newDraft : draftOf(rule.definition);
  const [draft, setDraft] = useState(began);
  const save = useSaveRule(organization);
  const mayConfigure = useCan(organization, "alerts:configure");
  const isFixed = !mayConfigure || rule?.source === "file" || rule?.source === "objective";
  const { definition, errors } = readDraft(draft, rule?.definition ?? null);
  const changed = changedFields(began, draft);
  const key = rule?.key ?? keyOfName(draft.name);
  const isReady = definition !== null && changed.size > 0 && key !== "" && !save.isPending;
  const submit = () => {
    if (!isReady || definition === null) return;
    save.mutate(
      { key, version: rule?.version ?? null, definition },
      {
        onSuccess: ({ key: saved }) =>
          rule === null ? address.go({ tab: "rules", rule: saved }) : onReload(),
      },
    );
  };
  return (
    <div className={css.layout}>
      <form
        noValidate
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <RuleForm
          organization={organization}
          draft={draft}
          changed={rule === null ? new Set() : changed}
          errors={errors}
          isFixed={isFixed}
          onChange={(change) => setDraft((now) => ({ ...now, ...change }))}
        />
        <Failed error={save.error} onReload={onReload} />
        {rule?.source === "file" && (
          <p className="c2 t12">This rule is part of wheelhouse.yaml, where it is edited.</p>
        )}
        {!isFixed && (
          <Foot
            organization={organization}
            address={address}
            rule={rule}
            isReady={isReady}
            changed={changed.size}
            onDiscard={() => setDraft(began)}
          />
        )}
      </form>
      <div className={css.preview}>
        <Preview organization={organization} definition={definition} saved={rule?.definition ?? null} />
        {rule !== null && <Versions versions={rule.versions} builtinVersion={rule.source === "builtin"} />}
      </div>
    </div>
  );
};

/** One rule as a form, with what it would have done; `new` begins one. */
export const RuleEditor = ({ organization, address, ruleKey }: Props & { ruleKey: string }) => {
  const rule = useQuery({ ...ruleQuery(organization, ruleKey), enabled: ruleKey !== "new" });
  const [round, setRound] = useState(0);
  if (ruleKey === "new")
    return <Editing organization={organization} address={address} rule={null} onReload={() => undefined} />;
  const reload = () => void rule.refetch().then(() => setRound((before) => before + 1));
  return (
    <Panel name="The rule" query={rule} skeletonRows={10}>
      {(detail) => (
        <Editing
          key={`${detail.key} ${detail.version} ${round}`}
          organization={organization}
          address={address}
          rule={detail}
          onReload={reload}
        />
      )}
    </Panel>
  );
};
