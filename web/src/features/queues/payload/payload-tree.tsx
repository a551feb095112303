import { type ReactNode, useState } from "react";
import { Button } from "#ui/page/button.tsx";
import css from "../jobs/jobs.module.css";

const shownAtOnce = 100;
const textMost = 400;

type Entry = readonly [key: string, value: unknown];

const entriesOf = (value: object): readonly Entry[] =>
  Array.isArray(value) ? value.map((item, index) => [String(index), item] as const) : Object.entries(value);

const sizeWords = (value: object): string => {
  const count = entriesOf(value).length;
  return Array.isArray(value)
    ? `${count} ${count === 1 ? "item" : "items"}`
    : `${count} ${count === 1 ? "field" : "fields"}`;
};

const Leaf = ({ value }: { value: unknown }) => {
  const [isWhole, setWhole] = useState(false);
  const text = JSON.stringify(value) ?? "undefined";
  if (text.length <= textMost || isWhole) return <span>{text}</span>;
  return (
    <span>
      {text.slice(0, textMost)}…{" "}
      <button type="button" className="link" onClick={() => setWhole(true)}>
        Show all {text.length.toLocaleString("en-GB")} characters
      </button>
    </span>
  );
};

const Children = ({ value, depth }: { value: object; depth: number }) => {
  const [shown, setShown] = useState(shownAtOnce);
  const entries = entriesOf(value);
  return (
    <ul>
      {entries.slice(0, shown).map(([key, item]) => (
        <Node key={key} name={key} value={item} depth={depth} />
      ))}
      {entries.length > shown && (
        <li>
          <Button variant="ghost" onClick={() => setShown(shown + shownAtOnce)}>
            Show {Math.min(shownAtOnce, entries.length - shown)} more of {entries.length - shown}
          </Button>
        </li>
      )}
    </ul>
  );
};

const Node = ({ name, value, depth }: { name: string; value: unknown; depth: number }): ReactNode => {
  const [isOpen, setOpen] = useState(depth < 1);
  if (typeof value !== "object" || value === null || entriesOf(value).length === 0)
    return (
      <li>
        {name}: <Leaf value={value} />
      </li>
    );
  return (
    <li>
      <button
        type="button"
        className={css.twist}
        aria-expanded={isOpen}
        aria-label={`${isOpen ? "Collapse" : "Expand"} ${name}`}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? "▾" : "▸"}
      </button>
      {name}: <i>{sizeWords(value)}</i>
      {isOpen && <Children value={value} depth={depth + 1} />}
    </li>
  );
};

/** JSON as a tree that opens level by level; a hundred entries at a time, so that a large payload stays usable. */
export const PayloadTree = ({ text, label }: { text: string; label: string }) => {
  const value: unknown = JSON.parse(text);
  return (
    <section className={css.json} aria-label={label}>
      {typeof value === "object" && value !== null ? (
        <Children value={value} depth={0} />
      ) : (
        <Leaf value={value} />
      )}
    </section>
  );
};
