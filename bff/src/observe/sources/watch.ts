import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { SourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedSources } from "./catalogue.ts";
import { credentialsOfList, isBareList, loadSources, SourcesError } from "./file.ts";

export type SourcesFile = Catalogue & {
  /** The result of the last read; `problems` is empty if the file's content is in use. */
  status(): {
    path: string | null;
    readAt: string;
    /** When the list in use was read. */
    goodAt: string;
    problems: readonly string[];
    failingSince: string | null;
  };
  /** What the endpoints of a source ask for; null for nothing. */
  credentialsOf(id: string): SourceCredentials | null;
  /** Set while the last edit is bad; null while the file's content is in use. */
  bad(): BadFile | null;
  /** Reads the file again; a bad file changes only `status`. */
  reload(): void;
  /** Judges the list again after the organizations have changed. */
  recheck(): void;
  start(): void;
  stop(): void;
};

/** A file whose last edit is bad, so that the previous content stays in use. */
export type BadFile = {
  /** Without its folder. */
  name: string;
  /** At least one, each with its line. */
  problems: readonly string[];
  /** When the bad edit was detected. */
  since: string;
  /** When the list in use was read. */
  goodAt: string;
  /** Slugs of the organizations whose sources the file declares. */
  organizations: readonly string[];
};

const settleMs = 200;
// Some containers and network mounts deliver no file system events.
const pollMs = 5_000;

/**
 * Watches `wheelhouse.yaml` while the process runs and reads it again after each change; after a bad edit the previous
 * list stays in use.
 * @param path undefined for no file, so Wheelhouse's own servers only.
 * @throws SourcesError if the first read is bad.
 */
export function createSourcesFile({
  path,
  organizations = () => null,
  variable = () => undefined,
  clock,
  log,
}: {
  path: string | undefined;
  /** Slugs of the organizations that exist; null while they are unknown, and then none is missed. */
  organizations?: () => ReadonlySet<string> | null;
  /** The value of an environment variable that the file names. */
  variable?: (name: string) => string | undefined;
  clock: Clock;
  log: Logger;
}): SourcesFile {
  const nowIso = () => new Date(clock.now()).toISOString();
  const listeners = new Set<(sources: WatchedSources) => void>();
  let sources = loadSources(path, { variable });
  let readAt = nowIso();
  let goodAt = readAt;
  let problems: readonly string[] = [];
  let failingSince: string | null = null;
  let seen = stampOf(path);
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  let polling: NodeJS.Timeout | undefined;

  const reload = () => {
    seen = stampOf(path);
    readAt = nowIso();
    try {
      const read = loadSources(path, {
        organizations: organizations(),
        isEmptyRefused: !isBareList(sources),
        variable,
      });
      if (problems.length > 0) log.info({ path }, "the list of watched sources is valid again");
      problems = [];
      failingSince = null;
      goodAt = readAt;
      const isSame = isDeepStrictEqual(read, sources);
      // Credentials may have changed although the sources are the same.
      sources = read;
      if (isSame) return;
      log.info({ path }, "the list of watched sources has changed");
      for (const listener of listeners) listener(sources);
    } catch (error) {
      const found = error instanceof SourcesError ? error.problems : ["cannot be read"];
      if (!isDeepStrictEqual(found, problems))
        log.error(
          { path, problems: found },
          "the list of watched sources is invalid: the last valid one stays in use",
        );
      problems = found;
      failingSince ??= nowIso();
    }
  };
  const reloadSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      if (stampOf(path) !== seen || problems.length > 0) reload();
    }, settleMs);
    settling.unref();
  };

  return {
    current: () => sources,
    credentialsOf: (id) => credentialsOfList(sources).get(id) ?? null,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    status: () => ({ path: path ?? null, readAt, goodAt, problems, failingSince }),
    bad() {
      if (path === undefined || failingSince === null) return null;
      const { redis, postgres, services, prometheus } = sources;
      const declared = [...redis, ...postgres, ...services, ...prometheus];
      const organizations = [...new Set(declared.map(({ organization }) => organization))];
      return { name: basename(path), problems, since: failingSince, goodAt, organizations };
    },
    reload,
    recheck() {
      if (path !== undefined) reload();
    },
    start() {
      if (path === undefined || polling) return;
      polling = setInterval(() => {
        if (stampOf(path) !== seen) reloadSoon();
      }, pollMs).unref();
      try {
        // Watches the folder, because editors and Kubernetes replace the file.
        watcher = watch(dirname(path), { persistent: false }, reloadSoon);
        watcher.on("error", (err) => log.debug({ err, path }, "file events ended; polling instead"));
      } catch (err) {
        log.debug({ err, path }, "no file events here; polling instead");
      }
    },
    stop() {
      clearInterval(polling);
      clearTimeout(settling);
      watcher?.close();
    },
  };
}

function stampOf(path: string | undefined): string {
  if (path === undefined) return "";
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs}/${size}/${ino}`;
  } catch {
    return "gone";
  }
}
