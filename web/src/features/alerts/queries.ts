import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  acknowledgeIncident,
  assignIncident,
  type IncidentRow,
  incidentTopic,
  listIncidents,
  noteIncident,
  readAlerts,
  readHandover,
  readIncident,
  readIncidentSummary,
  resolveIncident,
  snoozeIncident,
} from "@wheelhouse/shared/alerts/incidents.ts";
import { createSilence, endSilence, listSilences, type Matcher } from "@wheelhouse/shared/alerts/silences.ts";
import { call } from "#lib/api/api.ts";
import { useLive, useLiveResync } from "#lib/live/live-context.tsx";

/** Pending alerts and counts change without a message. */
const countEveryMs = 5_000;
const detailEveryMs = 10_000;
const pageSize = 50;
const keyOf = (organization: string) => ["alerts", organization] as const;

/** Counts, and alerts that are pending. */
export const alertsQuery = (organization: string) =>
  queryOptions({
    queryKey: [...keyOf(organization), "summary"],
    queryFn: ({ signal }) => call(readAlerts, {}, { organization, signal }),
    refetchInterval: countEveryMs,
  });

/** Incidents, newest first, a page at a time. */
export const incidentsQuery = (organization: string, status: IncidentRow["status"]) =>
  infiniteQueryOptions({
    queryKey: [...keyOf(organization), "incidents", status],
    queryFn: ({ pageParam, signal }) =>
      call(
        listIncidents,
        {
          query: {
            ...(status === "open" ? {} : { status }),
            cursor: pageParam,
            ...(status === "open" ? {} : { limit: pageSize }),
          },
        },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

export const incidentQuery = (organization: string, number: number) =>
  queryOptions({
    queryKey: [...keyOf(organization), "incident", number],
    queryFn: ({ signal }) => call(readIncident, { params: { number } }, { organization, signal }),
    refetchInterval: detailEveryMs,
  });

export const handoverQuery = (organization: string, range: { from: string; to: string }) =>
  queryOptions({
    queryKey: [...keyOf(organization), "handover", range.from, range.to],
    queryFn: ({ signal }) => call(readHandover, { query: range }, { organization, signal }),
  });

export const silencesQuery = (organization: string, state: "open" | "ended") =>
  infiniteQueryOptions({
    queryKey: [...keyOf(organization), "silences", state],
    queryFn: ({ pageParam, signal }) =>
      call(listSilences, { query: { state, cursor: pageParam } }, { organization, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

/** Reads everything of the page again, at once, after a message or an act. */
const useReread = (organization: string) => {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: keyOf(organization) });
};

/** Keeps incidents current: at most one message a second says that some changed. */
export const useLiveIncidents = (organization: string): void => {
  const reread = useReread(organization);
  useLive(incidentTopic, reread);
  useLiveResync(incidentTopic, reread);
};

export type IncidentAct =
  | { act: "acknowledge" }
  | { act: "assign"; to: string | null }
  | { act: "note"; text: string }
  | { act: "snooze"; until: string }
  | { act: "resolve"; reason: string };

/** What a person does with an incident. */
export const useIncidentAct = (organization: string, number: number) => {
  const reread = useReread(organization);
  const params = { number };
  return useMutation({
    mutationFn: (asked: IncidentAct) => {
      switch (asked.act) {
        case "acknowledge":
          return call(acknowledgeIncident, { params, body: {} }, { organization });
        case "assign":
          return call(assignIncident, { params, body: { to: asked.to } }, { organization });
        case "note":
          return call(noteIncident, { params, body: { text: asked.text } }, { organization });
        case "snooze":
          return call(snoozeIncident, { params, body: { until: asked.until } }, { organization });
        case "resolve":
          return call(resolveIncident, { params, body: { reason: asked.reason } }, { organization });
      }
    },
    onSettled: reread,
  });
};

/** The incident as Markdown. */
export const useIncidentSummary = (organization: string, number: number) =>
  useMutation({
    mutationFn: () => call(readIncidentSummary, { params: { number } }, { organization }),
  });

export const useCreateSilence = (organization: string) => {
  const reread = useReread(organization);
  return useMutation({
    mutationFn: (body: { matchers: Matcher[]; reason: string; endsAt: string }) =>
      call(createSilence, { body }, { organization }),
    onSuccess: reread,
  });
};

export const useEndSilence = (organization: string) => {
  const reread = useReread(organization);
  return useMutation({
    mutationFn: (id: string) => call(endSilence, { params: { id } }, { organization }),
    onSettled: reread,
  });
};
