import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { type ReactNode, useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { ReasonField } from "./parts.tsx";
import type { Change } from "./queries.ts";

/**
 * Dialog that adds or changes a source, with short name and reason. `children` renders the form of its kind and
 * gets the short name field, null where the name can no longer be chosen.
 */
export const SourceDialog = <Definition, Saved>(props: {
  /** The source to change; null for a new one. */
  source: WatchedSource | null;
  /** Verb and noun for a new source: `Watch`, `service`. */
  act: string;
  word: string;
  foot: string;
  /** Fields of the definition that the form shows. */
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
      confirm={source === null ? `${act} ${word}` : "Save changes"}
      foot={props.foot}
      failure="The source was not saved."
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
                hint="Used as the id; cannot be changed later"
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
