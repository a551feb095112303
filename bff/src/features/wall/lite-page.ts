import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { formatSpanShort } from "@wheelhouse/shared/span.ts";
import { escapeHtml, shortHtml } from "./html.ts";

/** An incident that may be acknowledged from the page. */
export type LiteIncident = {
  id: string;
  number: number;
  title: string;
  severity: string;
  acknowledgedBy: string | null;
};
export type LiteRow = { name: string; state: string; label: string; detail: string };

export type LitePage = {
  organization: { slug: string; name: string };
  overview: Overview;
  verdict: { parts: readonly { text: string }[]; sentence: string };
  services: readonly LiteRow[];
  queues: readonly LiteRow[];
  /** Null where incidents cannot be read now. */
  incidents: readonly LiteIncident[] | null;
  /** Null for somebody who may not acknowledge. */
  csrf: string | null;
  person: string;
  basePath: string;
  nowMs: number;
};

/** Lines of each list, the most that fit are shown. */
const sizes = [12, 8, 5, 3, 2, 1];
const mostBytes = 15_360;

const style =
  ":root{--s:#fff;--l:#e4e7ec;--l2:#cdd2da;--t:#14181f;--t2:#464f5c;--t3:#5f6976;--a:#2b56c6;--d:#c4231c;--on:#fff;--w:#8f5700;--wt:#fff4de;--st:#6d45c9}" +
  "@media (prefers-color-scheme:dark){:root{--s:#171b22;--l:#262c36;--l2:#353d4a;--t:#e8ebef;--t2:#b5bdc8;--t3:#919ba9;--a:#86abff;--d:#ff5c52;--on:#1a0403;--w:#fea627;--wt:#2b2316;--st:#b06bff}}" +
  '*{box-sizing:border-box}body{margin:0 auto;max-width:760px;padding:12px 16px 32px;background:var(--s);color:var(--t);font:14px/20px -apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}' +
  "h1{font-size:20px;line-height:28px;margin:12px 0 0}h2{font-size:14px;margin:24px 0 4px}h3{font-size:14px;margin:4px 0 0}p,ol,dl,dd{margin:0;padding:0}ol{list-style:none;border-top:1px solid var(--l2)}a{color:var(--a)}nav a{display:inline-block;padding:10px 12px 10px 0}small,dt,caption,thead th{font-size:12px;line-height:16px;color:var(--t3);font-weight:400}.c{color:var(--t2)}" +
  "li{padding:12px 0;border-bottom:1px solid var(--l)}b.s{display:inline-block;font-size:12px;padding:0 6px;border-radius:4px;border:1px solid}.down{background:var(--d);color:var(--on);border-color:var(--d)!important}.degraded{color:var(--w);background:var(--wt)}.stale,.unknown{color:var(--st);border-style:dashed!important}" +
  "dl{display:grid;grid-template-columns:64px 1fr;gap:2px 12px;margin-top:4px}dt{line-height:20px}form{margin-top:8px}button{font:inherit;font-weight:600;min-height:44px;padding:0 16px;border:1px solid var(--l2);border-radius:6px;background:none;color:var(--t)}" +
  "table{width:100%;border-collapse:collapse}caption{text-align:left}th,td{text-align:left;height:32px;border-bottom:1px solid var(--l);padding:0 8px 0 0;font-weight:400}td.n{text-align:right;white-space:nowrap}.t-down{color:var(--d);font-weight:600}.t-degraded{color:var(--w);font-weight:600}.w{overflow-x:auto}hr{border:0;border-top:1px solid var(--l2);margin:24px 0 12px}";

const time = (iso: string) => escapeHtml(`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`);
const agoOf = (iso: string, nowMs: number) => formatSpanShort(Math.max(0, nowMs - Date.parse(iso)));

function problemHtml(
  { state, label, subject, title, cause, since, changedBefore, affects }: Problem,
  nowMs: number,
) {
  const before = changedBefore
    ? `${shortHtml(changedBefore.text, 120)}, ${shortHtml(changedBefore.by, 60)}`
    : "nothing in the 30 m before";
  return (
    `<li><b class="s ${escapeHtml(state)}">${shortHtml(label.toUpperCase(), 30)}</b> <small>since ${escapeHtml(since.slice(11, 16))}, ${agoOf(since, nowMs)}</small>` +
    `<h3>${shortHtml(`${subject}: ${title}`, 140)}</h3><p class="c">${shortHtml(cause, 200)}</p>` +
    `<dl><dt>Before</dt><dd>${before}</dd><dt>Affects</dt><dd>${shortHtml(affects, 80)}</dd></dl></li>`
  );
}

function incidentHtml(
  { id, number, title, severity, acknowledgedBy }: LiteIncident,
  { csrf, basePath, organization }: LitePage,
) {
  const form =
    acknowledgedBy !== null
      ? `<p class="c">Acknowledged by ${shortHtml(acknowledgedBy, 80)}</p>`
      : csrf === null
        ? '<p class="c">Not acknowledged</p>'
        : `<form method="post" action="${basePath}/lite/acknowledge"><input type="hidden" name="organization" value="${escapeHtml(organization.slug)}"><input type="hidden" name="csrf" value="${escapeHtml(csrf)}"><input type="hidden" name="incident" value="${escapeHtml(id)}"><button>Acknowledge INC-${number}</button></form>`;
  return `<li><small>INC-${number}, ${escapeHtml(severity)}</small><h3>${shortHtml(title, 140)}</h3>${form}</li>`;
}

function tableHtml(id: string, title: string, rows: readonly LiteRow[], head: string, most: number) {
  const bad = rows.filter(({ state }) => state !== "ok");
  const shown = bad.slice(0, most);
  const rest = bad.length - shown.length;
  const caption = `${rows.length} ${title.toLowerCase()}, ${rows.length - bad.length} OK.${rest > 0 ? ` ${rest} more are not OK.` : ""}`;
  const body = shown.map(
    ({ name, state, label, detail }) =>
      `<tr><th scope="row">${shortHtml(name, 60)}</th><td class="t-${escapeHtml(state)}">${shortHtml(label.toUpperCase(), 30)}</td><td class="n">${shortHtml(detail, 40)}</td></tr>`,
  );
  return `<h2 id="${id}">${title}</h2><div class="w"><table><caption>${caption}</caption><thead><tr><th>Name</th><th>State</th><th>${head}</th></tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Everything on one page without a script: at most 15 kB, readable in a text browser. Every text is escaped. */
export function litePage(page: LitePage): string {
  for (const most of sizes) {
    const html = litePageOf(page, most);
    if (Buffer.byteLength(html) <= mostBytes) return html;
  }
  return litePageOf(page, 0);
}

function litePageOf(page: LitePage, most: number): string {
  const { organization, overview, verdict, incidents, person, basePath, nowMs } = page;
  const headline = escapeHtml(verdict.parts.map(({ text }) => text).join(", "));
  const { observedAt, problems, recentChanges } = overview;
  const own = `${basePath}/lite?organization=${organization.slug}`;
  const age =
    observedAt === null ? "No data yet." : `Data from ${time(observedAt)}, ${agoOf(observedAt, nowMs)} old.`;
  const more = problems.length - most;
  const open =
    incidents === null
      ? '<p class="c">Incidents cannot be read now.</p>'
      : incidents.length === 0
        ? '<p class="c">No open incident.</p>'
        : `<ol>${incidents
            .slice(0, most)
            .map((each) => incidentHtml(each, page))
            .join("")}</ol>`;
  const changes = recentChanges
    .slice(0, most)
    .map(
      ({ at, text, by }) =>
        `<tr><th scope="row">${escapeHtml(at.slice(11, 16))}</th><td>${shortHtml(text, 110)}${by ? `, ${shortHtml(by, 40)}` : ""}</td></tr>`,
    );
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${headline} · Wheelhouse</title><style>${style}</style></head><body>` +
    `<header><strong>Wheelhouse</strong> <span class="c">${escapeHtml(organization.name)}</span><br><small>${age} This page does not update by itself. <a href="${escapeHtml(own)}">Load again</a></small></header>` +
    `<main><h1>${headline}</h1><p class="c">${shortHtml(verdict.sentence, 300)}</p>` +
    '<nav aria-label="On this page"><a href="#incidents">Incidents</a> <a href="#problems">Problems</a> <a href="#services">Services</a> <a href="#queues">Queues</a> <a href="#changes">Changes</a></nav>' +
    `<h2 id="incidents">Incidents</h2>${open}` +
    `<h2 id="problems">Problems, worst first</h2>${
      problems.length === 0
        ? '<p class="c">None.</p>'
        : `<ol>${problems
            .slice(0, most)
            .map((each) => problemHtml(each, nowMs))
            .join("")}</ol>`
    }${more > 0 ? `<p class="c">and ${more} more</p>` : ""}` +
    tableHtml("services", "Services", page.services, "p95", most) +
    tableHtml("queues", "Queues", page.queues, "Waiting", most) +
    `<h2 id="changes">Changes, newest first, UTC</h2><div class="w"><table><tbody>${changes.join("")}</tbody></table></div></main>` +
    `<hr><footer><small>${escapeHtml(person)}. <a href="${basePath}/o/${organization.slug}/overview">Full console</a></small></footer></body></html>`
  );
}
