const collator = new Intl.Collator("en-US");
const numericCollator = new Intl.Collator("en", { numeric: true });

/** Compares names for sorting. A shared collator is many times faster than `localeCompare`. */
export const compareText = (a: string, b: string): number => collator.compare(a, b);

/** Like `compareText`, but compares numbers by value: `job 9` comes before `job 10`. */
export const compareNumeric = (a: string, b: string): number => numericCollator.compare(a, b);

type Named = { id: string; name: string };

/** Compares rows by name, then by id, so that the order of two rows is never open. */
export const byName = (a: Named, b: Named): number => compareText(a.name, b.name) || compareText(a.id, b.id);
