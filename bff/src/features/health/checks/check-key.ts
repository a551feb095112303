/** Names one instance of one service among all. */
export const checkKey = (serviceId: string, instanceId: string) =>
  `${encodeURIComponent(serviceId)}~${encodeURIComponent(instanceId)}`;
