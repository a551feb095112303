export { createAttemptStore } from "./attempt-store.ts";
export { createFigures } from "./figures.ts";
export { createDoorbell, type Doorbell, jobIdOf, startDeliveryWorker } from "./jobs.ts";
export { createSender } from "./receiver.ts";
export { createDelivery } from "./sender.ts";
export { createStatistics, type WebhookStatistics } from "./statistics.ts";
export { createSweeper } from "./sweeper.ts";
