/** Tables of the audit feature; mirrors its migrations. */
export type AuditTables = Record<never, never>;
