import { isReason } from "@wheelhouse/shared/reason.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { ReasonField } from "./parts.tsx";
import { useDeleteSource } from "./queries.ts";
import { kindWords } from "./view.ts";

export const DeleteSourceDialog = (props: {
  organization: string;
  source: WatchedSource;
  sources: readonly WatchedSource[];
  onClose: () => void;
  onDeleted: () => void;
}) => {
  const { organization, source, sources, onClose, onDeleted } = props;
  const remove = useDeleteSource(organization);
  const [reason, setReason] = useState("");
  const isCache = source.kind === "cache";
  const caches = sources.filter(
    ({ origin, definition }) =>
      origin === "api" && definition?.kind === "cache" && definition.server === source.id,
  );
  const isPush = source.heartbeats.length > 0;
  return (
    <FormDialog
      title={`Delete ${source.name}`}
      confirm={caches.length === 0 ? "Delete source" : `Delete ${formatPlural(1 + caches.length, "source")}`}
      foot="Its history is kept."
      failure="The source was not deleted."
      fields={["reason"]}
      error={remove.error}
      isReady={isReason(reason)}
      isBusy={remove.isPending}
      onSubmit={() => remove.mutate({ source, reason: reason.trim() }, { onSuccess: onDeleted })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Facts
            facts={[
              { label: "Kind", value: kindWords[source.kind] },
              { label: "Id", value: <span className="mono">{source.id}</span> },
              {
                label: "Effect",
                value: isCache
                  ? "its keys stay in Redis, but can no longer be removed from here"
                  : isPush
                    ? "it is no longer watched, and its heartbeat URLs return 404"
                    : "it is no longer checked, and disappears from all lists",
              },
              ...(caches.length === 0
                ? []
                : [
                    {
                      label: "Also deleted",
                      value: `${formatPlural(caches.length, "cache")} declared on it: ${caches.map(({ name }) => name).join(", ")}. Their keys stay in Redis.`,
                    },
                  ]),
            ]}
          />
          <ReasonField value={reason} onChange={setReason} error={complaint("reason")} isRequired />
        </>
      )}
    </FormDialog>
  );
};
