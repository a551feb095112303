/** Tables of the access feature; mirrors its migrations. */
export type AccessTables = Record<never, never>;
