export { createAttemptStore } from "./attempt-store.ts";
export { createDoorbell, type Doorbell, jobIdOf } from "./doorbell.ts";
export { createFigures } from "./figures.ts";
export { createSender } from "./http.ts";
export { horizonMs } from "./schedule.ts";
export { createDelivery } from "./sender.ts";
export { createStatistics, type WebhookStatistics } from "./statistics.ts";
export { createSweeper } from "./sweeper.ts";
export { startDeliveryWorker } from "./worker.ts";
