/** Steps and layers have no id: a team knows each by its place, which is therefore its key. */
export const numbered = <Item>(items: readonly Item[]): { item: Item; at: number }[] =>
  items.map((item, at) => ({ item, at }));
