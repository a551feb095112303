import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** The system's Chromium: `E2E_CHROMIUM`, otherwise the first of the usual names on the PATH; nothing is downloaded. */
export const findChromium = (environment: NodeJS.ProcessEnv): string => {
  if (environment.E2E_CHROMIUM) return environment.E2E_CHROMIUM;
  const folders = (environment.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error("The journeys need Chromium. Run: sudo apt-get install chromium");
  return found;
};
