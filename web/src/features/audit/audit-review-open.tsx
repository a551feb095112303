import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { auditReviewEventsMax, openAuditReview } from "@wheelhouse/shared/audit-review.ts";
import { useState } from "react";
import { call } from "#lib/api.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { useMinute } from "#lib/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { FormDialog } from "#ui/form-dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import { Note } from "#ui/note.tsx";
import { auditCountQuery, auditReviewsQuery, auditViewsQuery } from "./audit-queries.ts";
import type { AuditSearch } from "./audit-search.ts";
import { daysOf, recentWeeks } from "./audit-weeks.ts";

/** Chooses a period and a view, and gathers their events for review. */
export const ReviewOpenDialog = (props: {
  organization: string;
  address: PageAddress<AuditSearch>;
  onClose: () => void;
}) => {
  const { organization, address, onClose } = props;
  const client = useQueryClient();
  const nowMs = useMinute();
  const weeks = recentWeeks(nowMs);
  const [chosen, setChosen] = useState(0);
  const [dayName, setDayName] = useState("");
  const [viewId, setViewId] = useState("");
  const { data: views } = useQuery(auditViewsQuery(organization));
  const week = weeks[chosen];
  const days = week === undefined ? [] : daysOf(week, nowMs);
  const day = days.find((one) => one.name === dayName);
  const period = day ?? week;
  const shown = week === undefined ? "" : `${week.name}${day === undefined ? "" : `, ${day.name}`}`;
  const name = `${shown.charAt(0).toUpperCase()}${shown.slice(1)}`;
  const filter = views?.items.find(({ id }) => id === viewId)?.filter ?? {};
  const count = useQuery(auditCountQuery(organization, { ...filter, from: period?.from, to: period?.to }));
  const isTooMany = count.data?.isMore === true;
  const open = useMutation({
    mutationFn: () =>
      call(
        openAuditReview,
        {
          body: {
            name,
            from: period?.from ?? "",
            to: period?.to ?? "",
            ...(viewId === "" ? {} : { viewId }),
          },
        },
        { organization },
      ),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: auditReviewsQuery(organization).queryKey });
      onClose();
      address.go({ review: id });
    },
  });
  return (
    <FormDialog
      title="Review a period"
      confirm={`Review ${shown}`}
      foot={
        count.data === undefined
          ? "Its events are gathered now; what comes later is told."
          : isTooMany
            ? ""
            : `${formatPlural(count.data.count, "event")} so far; what comes later is told.`
      }
      failure="The review was not opened."
      error={open.error}
      isReady={period !== undefined && !isTooMany}
      isBusy={open.isPending}
      onSubmit={() => open.mutate()}
      onClose={onClose}
    >
      {() => (
        <>
          <FormField label="Period">
            {(control) => (
              <select
                {...control}
                className="field"
                value={chosen}
                onChange={(event) => {
                  setChosen(Number(event.target.value));
                  setDayName("");
                }}
              >
                {weeks.map(({ name: weekName, from, to, isOver }, index) => (
                  <option key={weekName} value={index}>
                    {weekName}, {from.slice(0, 10)} to{" "}
                    {new Date(Date.parse(to) - 1).toISOString().slice(0, 10)}
                    {isOver ? "" : ", not over yet"}
                  </option>
                ))}
              </select>
            )}
          </FormField>
          <FormField
            label="Days"
            hint={`A review holds at most ${formatCount(auditReviewEventsMax)} events.`}
          >
            {(control) => (
              <select
                {...control}
                className="field"
                value={day?.name ?? ""}
                onChange={(event) => setDayName(event.target.value)}
              >
                <option value="">The whole week</option>
                {days.map((one) => (
                  <option key={one.name} value={one.name}>
                    {one.name}, {one.from.slice(0, 10)}
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
          {isTooMany && (
            <Note tone="warn" title={`More than ${formatCount(auditReviewEventsMax)} events.`}>
              Choose {day === undefined ? "a day of the week, or " : ""}a view that holds fewer.
            </Note>
          )}
        </>
      )}
    </FormDialog>
  );
};
