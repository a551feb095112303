/** The time of day of an ISO time in UTC, as causes of problems name it: `12:00:10 UTC`. */
export const formatUtcTime = (iso: string): string => `${iso.slice(11, 19)} UTC`;
