const part = (text: string) => encodeURIComponent(text);

/** Who pushes: `organization` is a slug. */
export type Pusher = { organization: string; service: string; instance: string };

/** Sorted set of all instances that pushed lately. */
export const pushersKey = "wheelhouse:pushes";
export const pushersOfKey = (organization: string) => `wheelhouse:pushes-of:${organization}`;
export const seriesKeyPrefix = "wheelhouse:pushed:";

export const memberOf = ({ organization, service, instance }: Pusher): string =>
  [organization, service, instance].map(part).join(":");

/** Null for a text that is no member. */
export function pusherOf(member: string): Pusher | null {
  const [organization, service, instance, ...rest] = member.split(":").map(decodeURIComponent);
  return organization === undefined || service === undefined || instance === undefined || rest.length > 0
    ? null
    : { organization, service, instance };
}
