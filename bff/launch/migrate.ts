// Applies the migrations and ends; a deployment runs it once, before the roles start.
import { pino } from "pino";
import { loadConfig } from "#config.ts";
import { startEmbedded } from "#embedded/embedded.ts";
import { migrate } from "#lib/postgres/migrate.ts";

const log = pino({ level: "info" });
const config = loadConfig(process.env);
const { databaseUrls, loginUrls } = await startEmbedded({ config, log });
if (!databaseUrls.admin)
  throw new Error("DATABASE_ADMIN_URL is missing: migrations need a role that may create schemas and roles");
const applied = await migrate({ adminUrl: databaseUrls.admin, loginUrls, log });
log.info({ applied: applied.length }, "the database is up to date");
