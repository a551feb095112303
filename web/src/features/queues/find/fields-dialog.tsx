import { useMutation, useQueryClient } from "@tanstack/react-query";
import { addFieldRule, type JobIndex, removeFieldRule } from "@wheelhouse/shared/queues/find.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import css from "./search.module.css";

type Rule = JobIndex["rules"][number];
type What = Rule["what"];
const words: Record<What, string> = { out: "left out", hash: "by hash" };

/** Rules of people; each can be removed. */
const Rules = (props: { rules: JobIndex["rules"]; isBusy: boolean; onRemove: (id: string) => void }) => {
  const { rules, isBusy, onRemove } = props;
  if (rules.length === 0) return null;
  return (
    <ul className={css.rules} aria-label="Fields of this organization">
      {rules.map(({ id, path, what, queue }) => (
        <li key={`${queue} ${path}`}>
          <span className="mono grow">data.{path}</span>
          <span className="c3 t12">
            {words[what]}
            {queue === null ? "" : `, ${queue}`}
          </span>
          {id !== null && (
            <Button disabled={isBusy} onClick={() => onRemove(id)}>
              Remove
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
};

/** Adds and removes rules; the page reads them again afterwards. */
const useRules = (organization: string) => {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: ["jobs", organization] });
  const add = useMutation({
    mutationFn: (body: Pick<Rule, "path" | "queue" | "what">) =>
      call(addFieldRule, { body }, { organization }),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: (id: string) => call(removeFieldRule, { params: { id } }, { organization }),
    onSuccess,
  });
  return { add, remove };
};

/** Which fields of jobs the index leaves out, or keeps as a hash only. */
export const FieldsDialog = (props: {
  organization: string;
  rules: JobIndex["rules"];
  onClose: () => void;
}) => {
  const { organization, rules, onClose } = props;
  const { add, remove } = useRules(organization);
  const [path, setPath] = useState("");
  const [queue, setQueue] = useState("");
  const [what, setWhat] = useState<What>("out");
  const submit = () =>
    add.mutate(
      { path: path.replace(/^data\./, ""), queue: queue === "" ? null : queue, what },
      { onSuccess: () => setPath("") },
    );
  return (
    <FormDialog
      title="Fields of personal data"
      confirm={what === "out" ? "Leave field out" : "Keep its hash only"}
      failure="The field was not added."
      fields={["path", "queue"]}
      error={add.error ?? remove.error}
      isReady={path.trim() !== ""}
      isBusy={add.isPending || remove.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <p className="c2">
            Holds for jobs that are read from now on. Values that are in the index already stay until their
            day expires.
          </p>
          <Rules
            rules={rules.filter(({ id }) => id !== null)}
            isBusy={remove.isPending}
            onRemove={(id) => remove.mutate(id)}
          />
          <TextField
            label="Field, such as user.name"
            value={path}
            onChange={setPath}
            error={complaint("path")}
          />
          <TextField
            label="Queue, empty for all"
            value={queue}
            onChange={setQueue}
            error={complaint("queue")}
          />
          <Segments
            group={{ label: "What the index does with it" }}
            value={what}
            options={[
              { value: "out", label: "Leave out" },
              { value: "hash", label: "Hash" },
            ]}
            onChange={setWhat}
          />
        </>
      )}
    </FormDialog>
  );
};
