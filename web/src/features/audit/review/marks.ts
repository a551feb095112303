import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  type AuditReviewGroup,
  auditMarksMax,
  commentAuditReview,
  markAuditReview,
  markAuditReviewGroup,
  signAuditReview,
} from "@wheelhouse/shared/audit/review.ts";
import { useEffect, useRef, useState } from "react";
import { call } from "#lib/api/api.ts";
import { auditReviewQuery, auditReviewsQuery } from "../queries.ts";

const gatherMs = 500;
type Mark = "reviewed" | "flagged" | "open" | "settled";
type Asked = { events: string[]; mark: Mark; comment?: string };

/** The mutations of a review; each refetches the review when it settles. */
export const useReviewActs = (organization: string, id: string) => {
  const client = useQueryClient();
  const reread = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: auditReviewQuery(organization, id).queryKey }),
      client.invalidateQueries({ queryKey: auditReviewsQuery(organization).queryKey }),
    ]);
  const mark = useMutation({
    mutationFn: (body: Asked) => call(markAuditReview, { params: { id }, body }, { organization }),
    onSettled: reread,
  });
  const markGroup = useMutation({
    mutationFn: ({ actor, action, open }: Pick<AuditReviewGroup, "actor" | "action" | "open">) =>
      call(markAuditReviewGroup, { params: { id }, body: { actor, action, open } }, { organization }),
    onSettled: reread,
  });
  const comment = useMutation({
    mutationFn: (body: { event: string; text: string }) =>
      call(commentAuditReview, { params: { id }, body }, { organization }),
    onSettled: reread,
  });
  const sign = useMutation({
    mutationFn: (body: { notReviewed: number; comment?: string }) =>
      call(signAuditReview, { params: { id }, body }, { organization }),
    onSettled: reread,
  });
  return { mark, markGroup, comment, sign };
};

/**
 * Collects events marked as reviewed by keyboard for half a second, so that a quick reader causes one request
 * and one trail event instead of one per key.
 */
export const useGatheredMarks = (send: (events: string[]) => Promise<unknown>) => {
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef(send);
  useEffect(() => {
    latest.current = send;
  });
  useEffect(() => {
    if (waiting.size === 0) return;
    const timer = setTimeout(() => {
      const events = [...waiting].slice(0, auditMarksMax);
      const forget = () => setWaiting((before) => new Set([...before].filter((id) => !events.includes(id))));
      latest.current(events).then(forget, forget);
    }, gatherMs);
    return () => clearTimeout(timer);
  }, [waiting]);
  return { waiting, add: (id: string) => setWaiting((before) => new Set(before).add(id)) };
};
