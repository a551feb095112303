/** Id of what a service reports: `<service>~<name>`, each part percent-encoded. */
export const reportedId = (service: string, name: string): string =>
  `${encodeURIComponent(service)}~${encodeURIComponent(name)}`;

/** @returns null for what is no such id. */
export function partsOfReportedId(id: string): { service: string; name: string } | null {
  const [service, ...rest] = id.split("~");
  const name = rest.join("~");
  if (!service || !name) return null;
  try {
    return { service: decodeURIComponent(service), name: decodeURIComponent(name) };
  } catch {
    return null;
  }
}
