import type { AuditView } from "@wheelhouse/shared/audit/views.ts";
import { auditFilterCount, auditQuery, storedFilter } from "../filter.ts";
import type { AuditSearch } from "../search.ts";

const isShown = (view: AuditView, search: AuditSearch): boolean =>
  JSON.stringify(auditQuery(view.filter)) === JSON.stringify(auditQuery(storedFilter(search)));

/** The saved view that the URL matches. */
export const shownView = (views: readonly AuditView[] = [], search: AuditSearch): AuditView | undefined =>
  auditFilterCount(storedFilter(search)) === 0 ? undefined : views.find((view) => isShown(view, search));

export const viewsLabel = (shown: AuditView | undefined): string =>
  shown === undefined ? "Views" : `View: ${shown.name}`;
