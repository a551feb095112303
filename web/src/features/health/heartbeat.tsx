import { memo } from "react";

type Beat = { path: (x: number, width: number) => string; className: string; word: string };

const line = (y: number) => (x: number, width: number) => `M${x} ${y}h${width}`;
const notHeard: Beat = { path: line(19), className: "hb-s", word: "no data" };
const beats: Readonly<Record<string, Beat>> = {
  o: { path: line(16), className: "hb-o", word: "OK" },
  d: { path: line(13.5), className: "hb-w", word: "degraded" },
  x: { path: line(10), className: "hb-d", word: "down" },
  u: {
    path: (x, width) => `M${x} 2h${width}M${x} 10h${width}M${x} 18h${width}`,
    className: "hb-u",
    word: "unknown",
  },
  m: { path: line(19), className: "hb-m", word: "maintenance" },
  "-": notHeard,
};
const most = 60;
const stepPx = 3;

/** The same letters side by side, from the left. */
const runsOf = (text: string): { letter: string; from: number; length: number }[] =>
  [...text.matchAll(/(.)\1*/g)].map((run) => ({
    letter: run[1] ?? "-",
    from: run.index,
    length: run[0].length,
  }));

/** `33 OK, 27 down` */
const countBeats = (text: string): string => {
  const counts = new Map<string, number>();
  for (const letter of text) {
    const { word } = beats[letter] ?? notHeard;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
};

/** The last 60 checks, newest on the right. Height shows the state, then color. */
export const Heartbeat = memo(({ text }: { text: string }) => {
  const width = most * stepPx;
  const offset = (most - text.length) * stepPx;
  const label = text === "" ? "no checks yet" : `last ${text.length} checks: ${countBeats(text)}`;
  return (
    <svg className="hb" width={width} height="20" viewBox={`0 0 ${width} 20`} role="img" aria-label={label}>
      {runsOf(text).map(({ letter, from, length }) => {
        const { path, className } = beats[letter] ?? notHeard;
        return (
          <path key={from} className={className} d={path(offset + from * stepPx, length * stepPx - 1)} />
        );
      })}
    </svg>
  );
});
