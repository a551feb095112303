const paths = {
  ok: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM5.4 8.2l1.8 1.8 3.4-3.8",
  degraded: "M8 2.2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.4v.1",
  down: "M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3ZM5.9 5.9l4.2 4.2m0-4.2-4.2 4.2",
  stale: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM8 4.6V8l2.3 1.5",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  check: "m3 8.4 3.2 3.2L13 4.6",
  lock: "M4.5 7h7A1.5 1.5 0 0 1 13 8.5v4a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 12.5v-4A1.5 1.5 0 0 1 4.5 7ZM5.2 7V5a2.8 2.8 0 0 1 5.6 0v2",
  unknown: "M6.4 6.4a1.6 1.6 0 1 1 2.2 1.5c-.4.2-.6.5-.6 1M8 11v.1",
} as const;

export type IconName = keyof typeof paths;

/** A 16-unit outline drawn 14 px wide. Always beside a word, because screen readers ignore the shape. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg className="ic" width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
    {name === "unknown" && <circle cx="8" cy="8" r="6" strokeDasharray="2.4 2.3" />}
    <path d={paths[name]} />
  </svg>
);
