/** Position of the open entry among the shown ones, and functions to open its neighbors. */
export const neighboursOf = (
  shown: readonly string[],
  open: string | undefined,
  go: (key: string) => void,
): {
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
} => {
  const at = open === undefined ? -1 : shown.indexOf(open);
  const wayTo = (by: 1 | -1) => {
    const next = at === -1 ? undefined : shown[at + by];
    return next === undefined ? undefined : () => go(next);
  };
  return {
    position: at === -1 ? undefined : `${at + 1} of ${shown.length}`,
    onPrevious: wayTo(-1),
    onNext: wayTo(1),
  };
};
