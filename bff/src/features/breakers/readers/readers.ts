export { countBreakers } from "./count.ts";
export { createScrapeStates } from "./scrape-states.ts";
export { createScrapedBreakers } from "./scrapes.ts";
