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
 * End of a paged list, newest first: a button for older rows, the count as `children`, and the error when older
 * rows could not be loaded. `name` starts the error's sentence.
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
