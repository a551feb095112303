import { DatabaseError } from "pg";
import { codeOf, messageOf } from "./check.ts";
import { postgresFailure, userOf } from "./failures.ts";

/** What failed at the database, in sentences for the person who typed the command. */
export class DatabaseRefused extends Error {
  override name = "DatabaseRefused";
}

/**
 * For `catch` of what is done with the administrator's connection: throws a sentence that says what failed and what has
 * to exist, in place of an error of the driver. Errors that have a sentence of their own stay as they are.
 */
export function explained(adminUrl: string): (error: unknown) => never {
  return (error) => {
    const sentence = sentenceOf(error, adminUrl);
    throw sentence === undefined ? error : new DatabaseRefused(sentence, { cause: error });
  };
}

function sentenceOf(error: unknown, url: string): string | undefined {
  const cause = rootOf(error);
  const code = codeOf(cause);
  if (code === "42501")
    return `${userOf(url)} lacks a right: ${messageOf(cause)}. The role of DATABASE_ADMIN_URL must be a superuser, or own the database and have CREATEROLE.`;
  if (code === "42P01" || code === "3F000" || code === "42883")
    return `The database is not migrated (${messageOf(cause)}). Run \`npm run migrate\` first.`;
  const failure = postgresFailure(cause, "DATABASE_ADMIN_URL", url);
  if (failure.step === "other") return undefined;
  return `DATABASE_ADMIN_URL: ${failure.says}.\nWhat to do: ${failure.remedy}.`;
}

function rootOf(error: unknown): unknown {
  const hasOwnWords = error instanceof DatabaseError || !(error instanceof Error);
  return hasOwnWords || !(error.cause instanceof Error) ? error : rootOf(error.cause);
}
