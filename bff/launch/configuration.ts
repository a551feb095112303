// Writes docs/configuration.md from the schema of the variables.
import { writeFileSync } from "node:fs";
import { configurationPage } from "#config-reference.ts";

writeFileSync(new URL("../../docs/configuration.md", import.meta.url), configurationPage());
