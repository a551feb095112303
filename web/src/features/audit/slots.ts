const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
const two = (value: number): string => String(value).padStart(2, "0");

/** `4-02`: day of the week (Monday is 1) and hour, in UTC. */
export const slotOf = (day: number, hour: number): string => `${day}-${two(hour)}`;

export const slotAt = (atMs: number): string => {
  const at = new Date(atMs);
  return slotOf(at.getUTCDay() || 7, at.getUTCHours());
};

/** `Thu 02:00` */
export const slotName = (slot: string): string => {
  const [day, hour] = slot.split("-");
  return `${days[Number(day) - 1] ?? "?"} ${hour ?? "??"}:00`;
};

export const weekdays = days;
