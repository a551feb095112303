import type { OrganizationRef } from "@wheelhouse/shared/access/access.ts";
import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { type OrganizationPage, organizationPageList, organizationPages } from "@wheelhouse/shared/pages.ts";
import { verdictOf } from "./verdict.ts";

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

export type Painted = {
  organization: Pick<OrganizationRef, "slug" | "name">;
  /** The page of the request; the title is left out where it is unknown. */
  page: OrganizationPage | undefined;
  /** Null where it may not be read or is not of now. */
  overview: Overview | null;
  nowMs: number;
  basePath: string;
};

const mostProblems = 8;

/**
 * The page as HTML for the time before its scripts run: navigation, title, verdict, and on Overview its problems, each
 * where the dashboard will place it. Every text is escaped.
 */
export function paintHtml(painted: Painted): string {
  const { page, overview } = painted;
  const isOverview = page?.path === organizationPages.overview.path;
  const found = overview === null ? "" : verdictHtml(overview, painted.nowMs);
  const problems = overview === null || !isOverview ? "" : problemsHtml(overview.problems, painted);
  return (
    `<div class="app"><nav class="nav" aria-label="Main">${organizationHtml(painted)}` +
    `<ul>${linksOf(painted, ({ reachedBy }) => reachedBy === "navigation")
      .map((link) => `<li>${link}</li>`)
      .join("")}</ul></nav>` +
    `<div class="main"><header class="top"><h1>${escapeHtml(page?.title ?? "")}</h1></header>` +
    `<main class="content boot">${found}${problems}</main></div>` +
    `<nav class="tabbar" aria-label="Main, short">${linksOf(painted, ({ isInTabBar }) => isInTabBar === true).join("")}</nav></div>`
  );
}

function organizationHtml({ organization: { name } }: Painted): string {
  return (
    `<div class="org"><span class="mark" aria-hidden="true">${escapeHtml(name.slice(0, 1).toUpperCase())}</span>` +
    `<span class="org-name"><b class="cut">${escapeHtml(name)}</b></span></div>`
  );
}

function linksOf(
  { organization: { slug }, page, basePath }: Painted,
  isShown: (page: OrganizationPage) => boolean,
): string[] {
  return organizationPageList.filter(isShown).map(({ path, title }) => {
    const current = path === page?.path ? ' aria-current="page"' : "";
    return `<a href="${escapeHtml(`${basePath}/o/${slug}${path}`)}"${current}>${escapeHtml(title)}</a>`;
  });
}

function verdictHtml(overview: Overview, nowMs: number): string {
  const { parts, sentence } = verdictOf(overview, nowMs);
  const headline = parts.map(({ text }) => text).join(", ");
  return (
    `<section class="verdict"><h2 class="t20 b">${escapeHtml(headline)}</h2>` +
    `<p class="c2">${sentence === "" ? "&nbsp;" : escapeHtml(sentence)}</p></section>`
  );
}

function problemsHtml(problems: readonly Problem[], { organization, basePath }: Painted): string {
  if (problems.length === 0) return "";
  const rows = problems.slice(0, mostProblems).map(({ label, subject, title, cause, path }) => {
    const href = `${basePath}/o/${organization.slug}/${path.replace(/^\//, "")}`;
    return (
      `<li><a href="${escapeHtml(href)}"><span>${escapeHtml(label)}</span>` +
      `<span><b class="cut">${escapeHtml(`${subject}: ${title}`)}</b><span class="c2 t12 cut">${escapeHtml(cause)}</span></span></a></li>`
    );
  });
  return `<ol class="boot-problems" aria-label="Problems, worst first">${rows.join("")}</ol>`;
}
