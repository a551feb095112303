import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from "react";
import { useKeys } from "#lib/keys.ts";
import {
  addToken,
  type Filter,
  type FilterKey,
  keyOf,
  notMark,
  readFilterInput,
  suggestFilter,
  turnToken,
} from "./filter-tokens.ts";

const nameOf = (key: string): string => (key.startsWith(notMark) ? key.slice(notMark.length) : key);

const tokenText = (keys: readonly FilterKey[], key: string, value: string): string => {
  const values = keyOf(keys, key)?.values;
  return value
    .split(",")
    .map((part) => values?.find((item) => item.value === part)?.label ?? part)
    .join(", ");
};

type Token = Filter["tokens"][number];

const Token = (props: {
  token: Token;
  keys: readonly FilterKey[];
  onTurn: () => void;
  onRemove: () => void;
}) => {
  const { keys, onTurn, onRemove } = props;
  const { key, value } = props.token;
  return (
    <span className="tok">
      {keyOf(keys, key)?.canNegate === true ? (
        <button
          type="button"
          className="tok-key"
          title={key.startsWith(notMark) ? "Show only these" : "Show all but these"}
          onClick={onTurn}
        >
          {key.startsWith(notMark) ? `not ${nameOf(key)}` : key}
        </button>
      ) : (
        <b>{key}</b>
      )}
      <span>{tokenText(keys, key, value)}</span>
      <button type="button" aria-label={`Remove ${nameOf(key)}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
};

type Suggestion = ReturnType<typeof suggestFilter>[number];

const Suggestions = (props: {
  id: string;
  suggestions: readonly Suggestion[];
  highlighted: number;
  onChoose: (insert: string) => void;
}) => {
  const { id: listId, suggestions, highlighted, onChoose } = props;
  return (
    <div className="menu filter-menu" id={listId} role="listbox" aria-label="Suggestions">
      {suggestions.map(({ insert, label: name, detail }, index) => (
        <div
          key={insert}
          id={`${listId}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === highlighted}
          className={index === highlighted ? "it on" : "it"}
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(insert);
          }}
        >
          <span className="grow">{name}</span>
          <span className="c3">{detail}</span>
        </div>
      ))}
    </div>
  );
};

/** On a phone there is no room for them: a tap lists the keys. */
const hasRoomForHints = (): boolean => !window.matchMedia("(max-width: 640px)").matches;

/** Keys that stand for many, and those that they stand for, are completed only: they would fill the line. */
const hintsOf = (keys: readonly FilterKey[]): string =>
  keys
    .filter(({ key, isFamily, hasHint }) => isFamily !== true && hasHint !== false && !key.includes("."))
    .map(({ key }) => `${key}:`)
    .join(" ");

const placeholderOf = (label: string, keys: readonly FilterKey[], filter: Filter): string =>
  filter.tokens.length === 0
    ? `${label}${keys.length > 0 && hasRoomForHints() ? `, ${hintsOf(keys)}` : ""}`
    : hintsOf(keys.filter(({ key }) => filter.tokens.every((token) => nameOf(token.key) !== key)));

/** Typed text that is not a token yet. It follows the URL while nobody is typing. */
const useDraft = (
  text: string,
  input: RefObject<HTMLInputElement | null>,
  onDraft: ((draft: string) => void) | undefined,
): readonly [string, (draft: string) => void] => {
  const [draft, changeDraft] = useState(text);
  useEffect(() => {
    if (document.activeElement !== input.current) changeDraft(text);
  }, [text, input]);
  const setDraft = (next: string) => {
    changeDraft(next);
    onDraft?.(next);
  };
  return [draft, setDraft];
};

/** Handles typing: drafts, tokens, suggestions and their keys. */
const useTyping = (options: {
  keys: readonly FilterKey[];
  filter: Filter;
  isInstant: boolean;
  onChange: (filter: Filter) => void;
  draft: string;
  setDraft: (draft: string) => void;
  input: RefObject<HTMLInputElement | null>;
}) => {
  const { keys, filter, isInstant, onChange, draft, setDraft, input } = options;
  const [highlighted, setHighlighted] = useState(-1);
  const [focused, setFocused] = useState(false);
  const suggestions = focused && draft !== "" ? suggestFilter(draft, keys) : [];

  const commit = (typed: string, keepOpen = false) => {
    const read = readFilterInput(typed, keys);
    const tokens = read.tokens.reduce(addToken, [...filter.tokens]);
    setDraft(read.text);
    setHighlighted(-1);
    if (!keepOpen || read.tokens.length > 0) onChange({ tokens, text: read.text });
  };
  const type = (typed: string) => {
    setHighlighted(-1);
    if (typed.endsWith(" ") && readFilterInput(typed, keys).tokens.length > 0) return commit(typed);
    setDraft(typed);
    if (isInstant && !/[a-z]+:/i.test(typed)) onChange({ tokens: filter.tokens, text: typed.trim() });
  };
  const choose = (insert: string) => {
    if (insert.endsWith(" ")) commit(insert);
    else setDraft(insert);
    setHighlighted(-1);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") {
      const chosen = suggestions[highlighted];
      if (chosen === undefined) commit(draft);
      else choose(chosen.insert);
    } else if (event.key === "Backspace" && draft === "" && filter.tokens.length > 0) {
      onChange({ tokens: filter.tokens.slice(0, -1), text: filter.text });
    } else if (event.key === "Escape") {
      event.stopPropagation();
      event.nativeEvent.stopImmediatePropagation();
      if (draft !== filter.text) setDraft(filter.text);
      event.currentTarget.blur();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && suggestions.length > 0) {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      setHighlighted((highlighted + by + suggestions.length) % suggestions.length);
    }
  };

  const onBlur = () => {
    setFocused(false);
    if (draft !== filter.text) commit(draft);
  };
  return { suggestions, highlighted, type, choose, onKeyDown, onFocus: () => setFocused(true), onBlur };
};

/**
 * One input with tokens `key value ×`, or `not key value ×` where a key can be negated. `/` focuses it, Enter
 * or a space after `key:value` makes a token, Backspace at the start turns the last token back into text. The
 * state belongs to the URL: `filter` comes from it and `onChange` writes it. With `isInstant`, free text
 * filters while typing. `onDraft` receives the typed text, for values that are searched elsewhere.
 */
export const FilterBar = (props: {
  label: string;
  keys: readonly FilterKey[];
  filter: Filter;
  onChange: (filter: Filter) => void;
  isInstant?: boolean;
  onDraft?: (draft: string) => void;
}) => {
  const { label, keys, filter, onChange, isInstant = false, onDraft } = props;
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useDraft(filter.text, input, onDraft);
  const listId = useId();
  useKeys([{ keys: "/", label: "Filter", group: "List", run: () => input.current?.focus() }]);

  const typing = useTyping({ keys, filter, isInstant, onChange, draft, setDraft, input });
  const { suggestions, highlighted } = typing;

  return (
    <search className="filter">
      {filter.tokens.map(({ key, value }) => (
        <Token
          key={key}
          token={{ key, value }}
          keys={keys}
          onTurn={() => onChange({ tokens: turnToken(filter.tokens, key), text: filter.text })}
          onRemove={() =>
            onChange({ tokens: filter.tokens.filter((token) => token.key !== key), text: filter.text })
          }
        />
      ))}
      <input
        ref={input}
        className="filter-input"
        role="combobox"
        aria-label={label}
        aria-expanded={suggestions.length > 0}
        aria-controls={listId}
        aria-activedescendant={highlighted === -1 ? undefined : `${listId}-${highlighted}`}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholderOf(label, keys, filter)}
        value={draft}
        onChange={(event) => typing.type(event.target.value)}
        onKeyDown={typing.onKeyDown}
        onFocus={typing.onFocus}
        onBlur={typing.onBlur}
      />
      <kbd>/</kbd>
      {suggestions.length > 0 && (
        <Suggestions
          id={listId}
          suggestions={suggestions}
          highlighted={highlighted}
          onChoose={typing.choose}
        />
      )}
    </search>
  );
};
