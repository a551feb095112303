/** Path below which the console is served, such as `/ops`; empty at the root of a host. The server writes it into the page. */
export const basePath =
  typeof document === "undefined"
    ? ""
    : (document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? "");

/** Full address of a path of the console, for people and programs elsewhere. */
export const publicAddress = (path: string): string => window.location.origin + basePath + path;

/** A path of the browser's address as the router knows it. */
export const pathInConsole = (path: string): string =>
  path === basePath || path.startsWith(`${basePath}/`) ? path.slice(basePath.length) || "/" : path;
