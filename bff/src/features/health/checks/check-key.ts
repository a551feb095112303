/** Key of one instance of one service. */
export const checkKey = (serviceId: string, instanceId: string) =>
  `${encodeURIComponent(serviceId)}~${encodeURIComponent(instanceId)}`;
