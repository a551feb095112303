/** Who is called, and for what. */
export type CallTarget = {
  organization: string;
  /** What the calls are for, such as `scrapes`. */
  purpose: string;
  /** Id of what is called, unique among the calls of this purpose. */
  id: string;
  name: string;
  instance: string;
  intervalMs: number;
  /** The status from which an answer counts as a failed call; null where every answer is what was asked for. */
  failsFromStatus: number | null;
};
