export { createChanges } from "./changes.ts";
export { contentHash, linkHash } from "./content.ts";
export { createDenials } from "./denials.ts";
export { type AuditIntake, createAuditIntake } from "./intake.ts";
