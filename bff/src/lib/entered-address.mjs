// What a person enters as the address of something to watch. Plain JavaScript without packages, because `npm start`
// refuses a bad address before anything is installed.

/**
 * An address that can be watched. `url` has its password percent-encoded.
 * @typedef {{ kind: "redis" | "postgres" | "http", url: string, shown: string }} EnteredAddress
 */
/** @typedef {{ problem: string, shown: string }} RefusedAddress */

/** @type {ReadonlyMap<string, EnteredAddress["kind"]>} */
const kinds = new Map([
  ["redis:", "redis"],
  ["rediss:", "redis"],
  ["postgres:", "postgres"],
  ["postgresql:", "postgres"],
  ["http:", "http"],
  ["https:", "http"],
]);
/** Other parameters select another host, another user, or a local file. */
const parameters = {
  redis: ["db", "family"],
  postgres: ["sslmode", "application_name", "connect_timeout"],
};
const beginnings =
  "must begin with redis://, rediss://, postgres://, https:// or http://, such as redis://user:password@host:6379/0";
const charsMax = 2_000;

/**
 * The parts of a server's address. What stands before the last `@` is user and password, so that a password may hold
 * `@`, `:`, `/`, `#`, `?` and `%` as they are; one that is percent-encoded throughout stays as it is.
 * @param {string} rest what follows `scheme://`
 */
function serverPartsOf(rest) {
  const at = rest.lastIndexOf("@");
  const place = rest.slice(at + 1);
  if (at < 0) return { userinfo: "", place };
  const login = rest.slice(0, at);
  const colon = login.indexOf(":");
  const user = encoded(colon < 0 ? login : login.slice(0, colon));
  return { userinfo: colon < 0 ? `${user}@` : `${user}:${encoded(login.slice(colon + 1))}@`, place };
}

/** @param {string} text */
const encoded = (text) =>
  /^(?:[\w.~!$&'()*+;=-]|%[0-9a-f]{2})*$/i.test(text) ? text : encodeURIComponent(text);

/**
 * @param {"redis" | "postgres"} kind
 * @param {URL} url
 * @returns {string | undefined}
 */
function serverProblem(kind, url) {
  // A host that is a path is a local socket, and an empty host depends on the environment.
  if (url.hostname === "" || url.hostname.includes("%")) return "must name a host";
  const other = [...url.searchParams.keys()].find((name) => !parameters[kind].includes(name));
  if (other !== undefined) return `must have no parameters except ${parameters[kind].join(", ")}`;
  const database = url.pathname.replace(/^\/|\/$/g, "");
  if (kind === "redis" && database !== "" && !/^\d{1,5}$/.test(database))
    return "must name its database by a number, such as redis://host:6379/0";
  return undefined;
}

/**
 * Reads an address as entered. `shown` is fit for a terminal and a page: it has no password and no query.
 * @param {string} text
 * @returns {EnteredAddress | RefusedAddress}
 */
export function readEnteredAddress(text) {
  const trimmed = text.trim();
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(trimmed) ?? [];
  const protocol = `${scheme.toLowerCase()}:`;
  const kind = kinds.get(protocol);
  const shown = `${scheme ? `${scheme}://` : ""}${(scheme ? rest : trimmed).split("@").at(-1)?.split(/[?#]/)[0]?.slice(0, 200)}`;
  const refused = (/** @type {string} */ problem) => ({ problem, shown });
  if (kind === undefined) return refused(beginnings);
  if (trimmed.length > charsMax) return refused(`must have at most ${charsMax} characters`);
  if (kind === "http") {
    const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
    if (!url || url.hostname === "") return refused("is not an address: check its host and port");
    if (url.username || url.password)
      return refused("must not carry credentials: leave them out, and add them to the source afterwards");
    return {
      kind,
      url: url.href.replaceAll(",", "%2C"),
      shown: `${url.protocol}//${url.host}${url.pathname}`,
    };
  }
  const { userinfo, place } = serverPartsOf(rest);
  const written = `${protocol}//${userinfo}${place}`;
  if (/^(?:[/?#]|:\d|$)/.test(place)) return refused("must name a host");
  if (!URL.canParse(written))
    return refused("is not an address: check its host and port, and the characters of user and password");
  const url = new URL(written);
  const problem = serverProblem(kind, url);
  if (problem !== undefined) return refused(problem);
  const user = url.username ? `${url.username}@` : "";
  return { kind, url: written, shown: `${protocol}//${user}${url.host}${url.pathname}` };
}

/**
 * Several addresses in one text, separated by spaces or commas. A separator counts only before the next scheme, so a
 * password may hold both.
 * @param {string} text
 * @returns {string[]}
 */
export const enteredAddresses = (text) =>
  text
    .trim()
    .split(/[\s,]+(?=[a-z][a-z0-9+.-]*:\/\/)/i)
    .filter((part) => part !== "");
