import type { ReactNode } from "react";
import { Button } from "#ui/page/button.tsx";
import { Failure } from "#ui/page/panel.tsx";

/** The part of a TanStack infinite query that paging backwards needs. */
export type OlderQuery = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: Error | null;
  fetchNextPage: (options?: { cancelRefetch?: boolean }) => unknown;
};

/**
 * The end of a list that is read page by page, newest first: the way to older rows, `children` for how many there
 * are, and why older ones could not be read. `name` begins that sentence.
 */
export const LoadOlder = ({
  name,
  list,
  children,
}: {
  name: string;
  list: OlderQuery;
  children: ReactNode;
}) => (
  <>
    <div className="more t12">
      {list.hasNextPage && (
        <Button
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage({ cancelRefetch: false })}
        >
          Load older
        </Button>
      )}
      <span>{children}</span>
    </div>
    {list.isFetchNextPageError && list.error !== null && (
      <Failure
        name={name}
        error={list.error}
        isFetching={list.isFetchingNextPage}
        onRetry={() => list.fetchNextPage()}
      />
    )}
  </>
);
