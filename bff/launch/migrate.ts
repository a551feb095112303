// Applies the migrations and ends; a deployment runs it once, before the roles start.
import { pino } from "pino";
import { ConfigError, loadConfig } from "#config.ts";
import { DatabaseRefused, explained } from "#doctor/doctor.ts";
import { startEmbedded } from "#embedded/embedded.ts";
import { DataFolderInUse } from "#embedded/guardian.ts";
import { migrate } from "#lib/postgres/migrate.ts";

const needs = `What must exist: the database that DATABASE_ADMIN_URL names, encoded in UTF-8, and a role there that is a superuser,
or that owns the database and has CREATEROLE (create role … login createrole; create database … owner …).
What this makes: the schema wheelhouse with its tables; the roles wheelhouse_owner and wheelhouse_search, which
cannot sign in; and wheelhouse_app and wheelhouse_system with the passwords of DATABASE_URL and DATABASE_SYSTEM_URL.
`;

try {
  const log = pino({ level: "info" });
  const config = loadConfig(process.env);
  const { databaseUrls, loginUrls, stop } = await startEmbedded({ config, log });
  const { admin } = databaseUrls;
  if (!admin)
    throw new DatabaseRefused("DATABASE_ADMIN_URL is missing: migrations need a role that may create.");
  const applied = await migrate({ adminUrl: admin, loginUrls, log }).catch(explained(admin));
  const logins = loginUrls.map((url) => decodeURIComponent(new URL(url).username));
  log.info({ applied: applied.length, logins }, "the database is up to date");
  await stop();
} catch (error) {
  const isKnown =
    error instanceof ConfigError || error instanceof DatabaseRefused || error instanceof DataFolderInUse;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (isKnown && !(error instanceof DataFolderInUse)) process.stderr.write(`\n${needs}`);
  process.exitCode = 1;
}
