export { countBreakers } from "./count.ts";
export { createFollower, type Follower } from "./follow.ts";
export { breakersOf, isBreakerMetric } from "./metrics.ts";
export { readingsOf } from "./readings.ts";
export { createScrapeStates } from "./scrape-states.ts";
export { createScrapedBreakers } from "./scrapes.ts";
