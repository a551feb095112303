/**
 * A URL as the routes know it: without the path below which people reach the console, whether or not the proxy in
 * front has taken that away.
 */
export function withoutBase(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : url;
}
