import { useEffect, useRef } from "react";

/**
 * Reads a list again when what is polled beside it begins to fail, and when that recovers: so the list says by itself
 * that it is old, and is current again without a person.
 */
export const useRereadWith = ({ isError }: { isError: boolean }, reread: () => unknown): void => {
  const was = useRef(isError);
  useEffect(() => {
    if (was.current === isError) return;
    was.current = isError;
    reread();
  });
};
