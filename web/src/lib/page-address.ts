/** The search part of a page's URL: its current value and a function to change it. */
export type PageAddress<S> = {
  search: S;
  hrefOf: (search: S) => string;
  /** `replace`: for steps without a history entry, such as the next row in a drawer. */
  go: (search: S, options?: { replace?: boolean }) => void;
};
