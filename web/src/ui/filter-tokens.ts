/** One thing a list can be filtered by. */
export type FilterKey = {
  /** What is typed and shown, e.g. `status`. */
  key: string;
  /** Known values; a key without them takes any text. */
  values?: readonly FilterOption[] | undefined;
  /** Several values mean "or". */
  multiple?: boolean | undefined;
  /** Reads typed text into a value, undefined when it reads as nothing. Left out: the text itself. */
  parse?: ((text: string) => string | undefined) | undefined;
  /** How a value is shown in its token. Left out: its option's label, else itself. */
  name?: ((value: string) => string) | undefined;
  /** What may be typed, shown in the menu of a key without known values. */
  hint?: string | undefined;
};
export type FilterOption = { value: string; label: string; detail?: string | undefined };

/** Values by key; a key without values is absent. */
export type FilterValues = Readonly<Record<string, readonly string[]>>;

export type Suggestion =
  | { kind: "key"; key: string; detail: string }
  | { kind: "value"; key: string; value: string; label: string; detail: string; chosen: boolean }
  | { kind: "text"; text: string };

/** Key under which free text is kept. */
export const textKey = "text";

const split = (typed: string): { key: string; rest: string } | undefined => {
  const colon = typed.indexOf(":");
  return colon < 0
    ? undefined
    : { key: typed.slice(0, colon).trim().toLowerCase(), rest: typed.slice(colon + 1).trim() };
};

export const valueName = (key: FilterKey | undefined, value: string): string =>
  key?.name?.(value) ?? key?.values?.find((option) => option.value === value)?.label ?? value;

const count = (key: FilterKey): string => {
  if (key.values === undefined) return key.hint ?? "";
  return key.values.length === 1 ? "1 value" : `${key.values.length} values`;
};

/** What the menu under the input offers for what is typed; the first entry is what Enter takes. */
export const suggest = (
  keys: readonly FilterKey[],
  values: FilterValues,
  typed: string,
  freeText: boolean,
): Suggestion[] => {
  const qualified = split(typed);
  const named = keys.find((candidate) => candidate.key === qualified?.key);
  if (qualified !== undefined && named !== undefined) {
    const last = qualified.rest.split(",").at(-1)?.trim().toLowerCase() ?? "";
    const chosen = values[named.key] ?? [];
    const options = (named.values ?? [])
      .filter(
        (option) => option.label.toLowerCase().includes(last) || option.value.toLowerCase().includes(last),
      )
      .slice(0, 50)
      .map(
        (option): Suggestion => ({
          kind: "value",
          key: named.key,
          value: option.value,
          label: option.label,
          detail: option.detail ?? "",
          chosen: chosen.includes(option.value),
        }),
      );
    if (named.values !== undefined) return options;
    const parsed = last === "" ? undefined : read(named, qualified.rest);
    return parsed === undefined
      ? []
      : [
          {
            kind: "value",
            key: named.key,
            value: parsed,
            label: valueName(named, parsed),
            detail: "",
            chosen: false,
          },
        ];
  }
  const text = typed.trim();
  const matching = keys
    .filter((candidate) => candidate.key.startsWith(text.toLowerCase()))
    .map((candidate): Suggestion => ({ kind: "key", key: candidate.key, detail: count(candidate) }));
  return freeText && text !== "" ? [...matching, { kind: "text", text }] : matching;
};

const read = (key: FilterKey, typed: string): string | undefined => {
  const text = typed.trim();
  if (key.parse !== undefined) return key.parse(text);
  return text === "" ? undefined : text;
};

const without = (values: FilterValues, key: string): FilterValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));

/** Adds a value, or takes it away when it is there already. */
export const toggleValue = (
  keys: readonly FilterKey[],
  values: FilterValues,
  key: string,
  value: string,
): FilterValues => {
  const multiple = keys.find((candidate) => candidate.key === key)?.multiple === true;
  const before = values[key] ?? [];
  if (before.includes(value)) {
    const rest = before.filter((other) => other !== value);
    return rest.length === 0 ? without(values, key) : { ...values, [key]: rest };
  }
  return { ...values, [key]: multiple ? [...before, value] : [value] };
};

export const removeKey = without;

/** What Enter does with a whole typed filter such as `status:failed,dead_letter`; undefined when it reads as nothing. */
export const applyTyped = (
  keys: readonly FilterKey[],
  values: FilterValues,
  typed: string,
): FilterValues | undefined => {
  const qualified = split(typed);
  const named = keys.find((candidate) => candidate.key === qualified?.key);
  if (qualified === undefined || named === undefined) return undefined;
  const parts = named.multiple === true ? qualified.rest.split(",") : [qualified.rest];
  const found: string[] = [];
  for (const part of parts) {
    const text = part.trim();
    if (text === "") continue;
    const option = named.values?.find(
      ({ value, label }) =>
        value.toLowerCase() === text.toLowerCase() || label.toLowerCase() === text.toLowerCase(),
    );
    const value = named.values === undefined ? read(named, text) : option?.value;
    if (value === undefined) return undefined;
    found.push(value);
  }
  if (found.length === 0) return undefined;
  const before = named.multiple === true ? (values[named.key] ?? []) : [];
  return { ...values, [named.key]: [...new Set([...before, ...found])] };
};
