import { useEffect, useRef } from "react";

/**
 * Refetches a list when polling beside it starts to fail and when it recovers, so that the list shows that it
 * is outdated, and becomes current again without user action.
 */
export const useRereadWith = ({ isError }: { isError: boolean }, reread: () => unknown): void => {
  const was = useRef(isError);
  useEffect(() => {
    if (was.current === isError) return;
    was.current = isError;
    reread();
  });
};
