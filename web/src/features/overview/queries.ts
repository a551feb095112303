import { overviewTopic, readOverview } from "@wheelhouse/shared/overview.ts";
import { call } from "#lib/api/api.ts";
import { boardQuery, wholeBoard } from "#lib/live/live-board.ts";

export const overviewBoard = wholeBoard({
  topic: overviewTopic,
  key: "overview",
  read: (at, options) => call(readOverview, { query: { at } }, options),
});

/** Verdict, problems, tiles and changes of one organization. */
export const overviewQuery = (organization: string, moment: string | null = null) =>
  boardQuery(overviewBoard, organization, moment);
