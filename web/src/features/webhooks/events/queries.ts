import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  cancelLatePlan,
  countMissedEvents,
  expungeEvent,
  type LateFilter,
  listEvents,
  planLateDeliveries,
  readEvent,
  readLatePlan,
  revealEvent,
  startLatePlan,
  summarizeEvents,
  type WebhookEvent,
} from "@wheelhouse/shared/webhooks/events.ts";
import { deliveryTopic } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { call } from "#lib/api/api.ts";
import { useLive } from "#lib/live/live-context.tsx";
import type { TailPage } from "#lib/live/tail.ts";
import { type EventSearch, withDelivery } from "./view.ts";

const pageSize = 50;
const histogramBars = 60;
const key = (organization: string, ...rest: unknown[]) => ["webhooks", organization, ...rest] as const;

const joined = (name: string, values: readonly string[] | undefined) =>
  values === undefined || values.length === 0 ? {} : { [name]: values.join(",") };

/** API query for a filter: lists joined by commas, unset filters omitted. */
export const eventQuery = ({
  sourceId,
  eventType,
  fate,
  from,
  to,
  q,
}: EventSearch): Record<string, string> => ({
  ...joined("sourceId", sourceId),
  ...joined("eventType", eventType),
  ...joined("fate", fate),
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
  ...(q === undefined ? {} : { q }),
});

/** Received events, newest first, page by page into the past. */
export const eventsQuery = (organization: string, search: EventSearch) =>
  infiniteQueryOptions({
    queryKey: key(organization, "events", eventQuery(search)),
    queryFn: ({ pageParam, signal }): Promise<TailPage<WebhookEvent>> =>
      call(
        listEvents,
        { query: { ...eventQuery(search), limit: pageSize, cursor: pageParam } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    // Live heads keep it current; missed rows are fetched when a reader resumes.
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

type EventPages = InfiniteData<TailPage<WebhookEvent>, string | undefined>;

/** Keeps the outcomes of shown events and of the opened one current while their deliveries go on. */
export const useLiveOutcomes = (organization: string): void => {
  const client = useQueryClient();
  useLive(deliveryTopic, ({ heads }) => {
    for (const delivery of heads) {
      const { eventId } = delivery;
      void client.invalidateQueries({ queryKey: key(organization, "event", eventId) });
      client.setQueriesData<EventPages>({ queryKey: key(organization, "events") }, (data) => {
        const shown = data?.pages.flatMap(({ items }) => items).find(({ id }) => id === eventId);
        if (data === undefined || shown === undefined) return data;
        const next = withDelivery(shown, delivery);
        if (next === shown) return data;
        return {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            items: page.items.map((event) => (event === shown ? next : event)),
          })),
        };
      });
    }
  });
};

/** Counts by fate and the histogram of a filter and range. */
export const eventSummaryQuery = (organization: string, search: EventSearch) => {
  const query = { ...eventQuery(search), bars: histogramBars };
  return queryOptions({
    queryKey: key(organization, "event-summary", query),
    queryFn: ({ signal }) => call(summarizeEvents, { query }, { organization, signal }),
    staleTime: 10_000,
    placeholderData: keepPreviousData,
  });
};

export const eventDetailQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "event", id),
    queryFn: ({ signal }) => call(readEvent, { params: { id } }, { organization, signal }),
    staleTime: 5_000,
  });

/** What an endpoint missed while it was disabled. */
export const missedEventsQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "missed", id),
    queryFn: ({ signal }) => call(countMissedEvents, { params: { id } }, { organization, signal }),
    staleTime: 5_000,
  });

export type LateRequest = { endpointId: string; filter: LateFilter };

/** A plan with its snapshot, made once for each opening of the dialog. */
export const latePlanQuery = (organization: string, request: LateRequest) =>
  queryOptions({
    queryKey: key(organization, "late-plan", request),
    queryFn: () => call(planLateDeliveries, { body: request }, { organization }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });

/** A started plan, read again while its deliveries are on their way. */
export const lateProgressQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: key(organization, "late-progress", id),
    queryFn: ({ signal }) => call(readLatePlan, { params: { id } }, { organization, signal }),
    refetchInterval: ({ state }) => {
      const deliveries = state.data?.deliveries;
      const isOver =
        deliveries !== undefined && deliveries.pending + deliveries.processing + deliveries.failed === 0;
      return isOver ? false : 1_000;
    },
  });

const useRefresh = (organization: string) => {
  const client = useQueryClient();
  return () =>
    Promise.all(
      ["events", "event", "event-summary", "missed", "deliveries", "late-progress"].map((name) =>
        client.invalidateQueries({ queryKey: key(organization, name) }),
      ),
    );
};

export const useStartLate = (organization: string) => {
  const onSuccess = useRefresh(organization);
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string } & EndpointInput<typeof startLatePlan>["body"]) =>
      call(startLatePlan, { params: { id }, body }, { organization }),
    onSuccess,
  });
};

export const useCancelLate = (organization: string) => {
  const onSuccess = useRefresh(organization);
  return useMutation({
    mutationFn: (id: string) => call(cancelLatePlan, { params: { id } }, { organization }),
    onSuccess,
  });
};

export const useReveal = (organization: string) =>
  useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      call(revealEvent, { params: { id }, body: { reason } }, { organization }),
    gcTime: 0,
  });

export const useExpunge = (organization: string) => {
  const onSuccess = useRefresh(organization);
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      call(expungeEvent, { params: { id }, body: { reason } }, { organization }),
    onSuccess,
  });
};
