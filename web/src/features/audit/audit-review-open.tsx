import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { openAuditReview } from "@wheelhouse/shared/audit-review.ts";
import { useState } from "react";
import { call } from "#lib/api.ts";
import { useMinute } from "#lib/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import { auditReviewsQuery, auditViewsQuery } from "./audit-queries.ts";
import type { AuditSearch } from "./audit-search.ts";
import { recentWeeks } from "./audit-weeks.ts";

/** Chooses a period and a view, and gathers their events for review. */
export const ReviewOpenDialog = (props: {
  organization: string;
  address: PageAddress<AuditSearch>;
  onClose: () => void;
}) => {
  const { organization, address, onClose } = props;
  const client = useQueryClient();
  const weeks = recentWeeks(useMinute());
  const [chosen, setChosen] = useState(0);
  const [viewId, setViewId] = useState("");
  const { data: views } = useQuery(auditViewsQuery(organization));
  const week = weeks[chosen];
  const name = week === undefined ? "" : `${week.name[0]?.toUpperCase()}${week.name.slice(1)}`;
  const open = useMutation({
    mutationFn: () =>
      call(
        openAuditReview,
        { body: { name, from: week?.from ?? "", to: week?.to ?? "", ...(viewId === "" ? {} : { viewId }) } },
        { organization },
      ),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: auditReviewsQuery(organization).queryKey });
      onClose();
      address.go({ review: id });
    },
  });
  return (
    <Dialog
      title="Review a period"
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">Its events are gathered now; what comes later is told.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="primary" disabled={open.isPending} onClick={() => open.mutate()}>
            Review {week?.name ?? "week"}
          </Button>
        </>
      }
    >
      <FormField label="Period">
        {(control) => (
          <select
            {...control}
            className="field"
            value={chosen}
            onChange={(event) => setChosen(Number(event.target.value))}
          >
            {weeks.map(({ name: weekName, from, to, isOver }, index) => (
              <option key={weekName} value={index}>
                {weekName}, {from.slice(0, 10)} to {new Date(Date.parse(to) - 1).toISOString().slice(0, 10)}
                {isOver ? "" : ", not over yet"}
              </option>
            ))}
          </select>
        )}
      </FormField>
      <FormField label="View" hint="What the view leaves out is not covered by the signature.">
        {(control) => (
          <select
            {...control}
            className="field"
            value={viewId}
            onChange={(event) => setViewId(event.target.value)}
          >
            <option value="">All events</option>
            {(views?.items ?? []).map(({ id, name: viewName }) => (
              <option key={id} value={id}>
                {viewName}
              </option>
            ))}
          </select>
        )}
      </FormField>
      {open.error !== null && <ActError title="The review was not opened." error={open.error} />}
    </Dialog>
  );
};
