/** The search part of a page's address: what it says now, and how to say something else. */
export type PageAddress<S> = {
  search: S;
  hrefOf: (search: S) => string;
  /** `replace`: for what nobody wants to go back to, such as the next row in a drawer. */
  go: (search: S, options?: { replace?: boolean }) => void;
};
