import { z } from "zod";
import type { Capability } from "./capabilities.ts";

/**
 * The single declaration of an HTTP operation: the bff derives its route, validation, authorization and
 * OpenAPI from it, the web its typed call. `path` is relative to `/api/v1`, with `:name` for parameters.
 *
 * `access`: `public` (no credentials), `session` (signed in, no organization right needed), `identity` (a session or
 * an API token, no organization right needed) or the capability required in the request's organization. `action`: name of the audit event, in the form
 * `<feature>.<thing>.<verb>`; required for every mutation.
 *
 * `stepUp`: for sensitive actions that an unattended session must not allow. The caller must have signed in
 * or confirmed the password within the last 5 minutes, otherwise the request fails with `step_up_required`.
 * Not available to API tokens. A text instead of `true` describes the condition, which the service enforces.
 */
export type Endpoint = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: `/${string}`;
  summary: string;
  access: "public" | "session" | "identity" | Capability;
  action?: `${string}.${string}.${string}`;
  /**
   * What programs send by themselves again and again is no act: it has no action, no audit row, and does not count
   * as a change. The endpoint limits its own rate.
   */
  audited?: false;
  /**
   * The `before` and `after` fields that the audit trail keeps; all others are dropped before the event is
   * hashed. The trail is append-only, kept for years and has many readers, so list a field only if an auditor
   * needs it and it can never contain customer data or credentials.
   */
  keeps?: readonly string[];
  stepUp?: true | `when ${string}`;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  response: z.ZodType;
  /** Streamed as `application/x-ndjson`; `response` describes one line. */
  stream?: "ndjson";
  /** Success status; defaults to 200. */
  status?: 200 | 201 | 202 | 204;
  /** Served from memory, so an already verified session can read it while the database is unavailable. */
  snapshot?: true;
  /** Responds with 202 and the same shape while the operation is still in progress. */
  late?: true;
};

export const defineEndpoint = <const E extends Endpoint>(endpoint: E): E => endpoint;

type Part<E, K extends string> = E extends Record<K, infer S> ? (S extends z.ZodType ? S : never) : never;
type InputPart<E, K extends string> =
  E extends Record<K, z.ZodType> ? { [P in K]: z.input<Part<E, K>> } : unknown;
type OutputPart<E, K extends string> =
  E extends Record<K, z.ZodType> ? { [P in K]: z.output<Part<E, K>> } : unknown;

/** The input a caller passes: `{ params, query, body }`, each only if the endpoint declares it. */
export type EndpointInput<E extends Endpoint> = InputPart<E, "params"> &
  InputPart<E, "query"> &
  InputPart<E, "body">;
/** The input after parsing, with defaults filled in. */
export type EndpointParsed<E extends Endpoint> = OutputPart<E, "params"> &
  OutputPart<E, "query"> &
  OutputPart<E, "body">;
export type EndpointResult<E extends Endpoint> = z.output<E["response"]>;

export const timestamp = z.iso.datetime({ offset: true });

/** Response of every list; `nextCursor` is opaque, and null on the last page. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** A body with requests as people send them, which the description of the API shows; a test parses each. */
export const withExamples = <S extends z.ZodType>(body: S, ...examples: z.input<S>[]): S =>
  body.meta({ examples });

/** Query parameters of every list with keyset pagination. */
export const paging = {
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

/** A boolean query parameter: absent, `0` or `1`. */
export const queryFlag = z
  .enum(["0", "1"])
  .default("0")
  .transform((value) => value === "1");

/**
 * Requests a past state from a status endpoint: the last stored response at or before `at`, with its own
 * `observedAt`.
 */
export const pastMoment = z.strictObject({ at: timestamp.optional() });

/** A query parameter that takes several comma-separated values. */
export const queryList = <T extends z.ZodType<string, string>>(item: T) =>
  z
    .string()
    .max(2000)
    .transform((value) => value.split(",").filter((part) => part !== ""))
    .pipe(z.array(item).max(50));

/** URL-safe identifier of an organization, source or endpoint. */
export const slug = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, "must consist of lowercase letters, digits and inner hyphens");

/** Characters allowed in single-line text: anything except control characters. */
export const shownCharacters = /^[^\p{Cc}\p{Cs}]*$/u;
export const shownCharactersText = "must not contain control characters";

/** Name of a person, an organization or a token. */
export const shownName = z.string().trim().min(1).max(100).regex(shownCharacters, shownCharactersText);
