export { type ControlChannel, createControlChannel, type ReportingInstance } from "./control-channel.ts";
export { createOwnReports, ownReportsEveryMs } from "./own-reports.ts";
export { type OwnProcess, organizationOfReport, ownRedis, ownService, platform } from "./own-service.ts";
export { createReports } from "./reader.ts";
export { withoutReplaced } from "./replaced.ts";
export { partsOfReportedId, reportedId } from "./reported-id.ts";
export { isSilent } from "./silent.ts";
