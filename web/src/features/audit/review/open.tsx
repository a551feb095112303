import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { auditReviewEventsMax, openAuditReview } from "@wheelhouse/shared/audit/review.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { Note } from "#ui/page/note.tsx";
import { auditCountQuery, auditReviewsQuery, auditViewsQuery } from "../queries.ts";
import type { AuditSearch } from "../search.ts";
import { daysOf, recentWeeks } from "./weeks.ts";

type Week = ReturnType<typeof recentWeeks>[number];
type Day = ReturnType<typeof daysOf>[number];

const PeriodFields = (props: {
  weeks: readonly Week[];
  chosen: number;
  onWeek: (index: number) => void;
  days: readonly Day[];
  dayName: string;
  onDay: (name: string) => void;
}) => {
  const { weeks, chosen, onWeek, days, dayName, onDay } = props;
  return (
    <>
      <FormField label="Period">
        {(control) => (
          <Select
            {...control}
            className="field"
            value={chosen}
            onChange={(event) => onWeek(Number(event.target.value))}
          >
            {weeks.map(({ name: weekName, from, to, isOver }, index) => (
              <option key={weekName} value={index}>
                {weekName}, {from.slice(0, 10)} to {new Date(Date.parse(to) - 1).toISOString().slice(0, 10)}
                {isOver ? "" : ", in progress"}
              </option>
            ))}
          </Select>
        )}
      </FormField>
      <FormField label="Days" hint={`A review holds at most ${formatCount(auditReviewEventsMax)} events.`}>
        {(control) => (
          <Select
            {...control}
            className="field"
            value={dayName}
            onChange={(event) => onDay(event.target.value)}
          >
            <option value="">The whole week</option>
            {days.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}, {one.from.slice(0, 10)}
              </option>
            ))}
          </Select>
        )}
      </FormField>
    </>
  );
};

const ViewField = (props: {
  views: readonly { id: string; name: string }[];
  viewId: string;
  onView: (id: string) => void;
}) => {
  const { views, viewId, onView } = props;
  return (
    <FormField label="View" hint="The sign-off does not cover events outside the view.">
      {(control) => (
        <Select
          {...control}
          className="field"
          value={viewId}
          onChange={(event) => onView(event.target.value)}
        >
          <option value="">All events</option>
          {views.map(({ id, name: viewName }) => (
            <option key={id} value={id}>
              {viewName}
            </option>
          ))}
        </Select>
      )}
    </FormField>
  );
};

type Opened = { name: string; from: string; to: string; viewId?: string };

/** Opens a review and passes its id to `onOpened`. */
const useOpenReview = (organization: string, onOpened: (id: string) => void) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Opened) => call(openAuditReview, { body }, { organization }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: auditReviewsQuery(organization).queryKey });
      onOpened(id);
    },
  });
};

const footOf = (count: { count: number; isMore: boolean } | undefined): string =>
  count === undefined
    ? "The review covers the events recorded so far; later ones are counted separately."
    : count.isMore
      ? ""
      : `${formatPlural(count.count, "event")} so far; later ones are counted separately.`;

const TooMany = ({ isDay }: { isDay: boolean }) => (
  <Note tone="warn" title={`More than ${formatCount(auditReviewEventsMax)} events.`}>
    Choose {isDay ? "" : "a day of the week, or "}a view with fewer events.
  </Note>
);

/** Chooses a period and a view, and opens a review of their events. */
export const ReviewOpenDialog = (props: {
  organization: string;
  address: PageAddress<AuditSearch>;
  onClose: () => void;
}) => {
  const { organization, address, onClose } = props;
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
  const open = useOpenReview(organization, (id) => {
    onClose();
    address.go({ review: id });
  });
  return (
    <FormDialog
      title="Review a period"
      confirm={`Review ${shown}`}
      foot={footOf(count.data)}
      failure="The review was not started."
      error={open.error}
      isReady={period !== undefined && !isTooMany}
      isBusy={open.isPending}
      onSubmit={() =>
        open.mutate({
          name,
          from: period?.from ?? "",
          to: period?.to ?? "",
          ...(viewId === "" ? {} : { viewId }),
        })
      }
      onClose={onClose}
    >
      {() => (
        <>
          <PeriodFields
            weeks={weeks}
            chosen={chosen}
            onWeek={(index) => {
              setChosen(index);
              setDayName("");
            }}
            days={days}
            dayName={day?.name ?? ""}
            onDay={setDayName}
          />
          <ViewField views={views?.items ?? []} viewId={viewId} onView={setViewId} />
          {isTooMany && <TooMany isDay={day !== undefined} />}
        </>
      )}
    </FormDialog>
  );
};
