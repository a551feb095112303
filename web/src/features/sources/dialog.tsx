import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { type ReactNode, useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { ReasonField } from "./parts.tsx";
import type { Change } from "./queries.ts";

/**
 * The dialog that adds or changes a source: its short name while it is new, the reason, and the act. The rest is the
 * form of its kind; `children` gets the control for the short name, null where it can no longer be chosen.
 */
export const SourceDialog = <Definition, Saved>(props: {
  /** What is changed; null for what is new. */
  source: WatchedSource | null;
  /** The act on what is new, and the word for it: `Watch a` / `Watch 1`, `service`. */
  act: string;
  word: string;
  foot: string;
  /** Names of the definition's fields that the form shows. */
  fields: readonly string[];
  name: string;
  definition: Definition;
  isReady: boolean;
  save: {
    error: Error | null;
    isPending: boolean;
    mutate(
      change: Change<{ slug: string; definition: Definition; reason?: string | undefined }>,
      then: { onSuccess: (saved: Saved) => void },
    ): void;
  };
  onSaved: (saved: Saved) => void;
  onClose: () => void;
  children: (complaint: (field: string) => string | undefined, shortName: ReactNode) => ReactNode;
}) => {
  const { source, act, word, name, definition, save, onSaved } = props;
  const [slug, setSlug] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const shownSlug = slug ?? slugOf(name);
  return (
    <FormDialog
      title={source === null ? `${act} a ${word}` : `Change ${source.name}`}
      confirm={`${source === null ? act : "Change"} 1 ${word}`}
      foot={props.foot}
      failure="Nothing was changed."
      fields={["slug", "reason", ...props.fields]}
      within="definition"
      error={save.error}
      isReady={props.isReady && isReasonOrEmpty(reason)}
      isBusy={save.isPending}
      onSubmit={() =>
        save.mutate(
          {
            source,
            slug: shownSlug,
            definition,
            ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          },
          { onSuccess: onSaved },
        )
      }
      onClose={props.onClose}
    >
      {(complaint) => (
        <>
          {props.children(
            complaint,
            source === null ? (
              <TextField
                label="Short name"
                hint="Its id; cannot be changed"
                error={complaint("slug")}
                value={shownSlug}
                onChange={setSlug}
              />
            ) : null,
          )}
          <ReasonField value={reason} onChange={setReason} error={complaint("reason")} />
        </>
      )}
    </FormDialog>
  );
};
