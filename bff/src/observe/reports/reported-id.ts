/** The id of a reported thing: `<service>~<name>`, each part percent-encoded. */
export const reportedId = (service: string, name: string): string =>
  `${encodeURIComponent(service)}~${encodeURIComponent(name)}`;

/** @returns null for any other text. */
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
