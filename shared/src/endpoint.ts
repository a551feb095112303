import { z } from "zod";
import type { Capability } from "./capabilities.ts";

/**
 * One HTTP operation, written once: the bff derives route, validation, authorisation and OpenAPI from it,
 * the web derives its typed call. `path` is below `/api/v1`, with `:name` for parameters.
 *
 * `access`: `public` (no credentials), `session` (signed in, no organization right needed) or the capability
 * required in the request's organization. `action`: name of the audit event, in the form
 * `<feature>.<thing>.<verb>`; every mutation has one.
 * `stepUp`: for the few acts that a session left open must not allow: who acts has signed in or confirmed the
 * password within the last 5 minutes, else the answer is `step_up_required`. Not open to API tokens. Text instead of
 * `true` says in which cases; the service that knows them demands it.
 */
export type Endpoint = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: `/${string}`;
  summary: string;
  access: "public" | "session" | Capability;
  action?: `${string}.${string}.${string}`;
  /**
   * The fields of a thing before and after the act that the trail keeps; every other one is left out before the event is
   * hashed. The trail is read by many and kept for years, and nothing can be taken back from it: a field belongs here
   * when an auditor needs it, and never when it could hold what a customer or a credential said.
   */
  keeps?: readonly string[];
  stepUp?: true | `when ${string}`;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  response: z.ZodType;
  /** Answered line by line as `application/x-ndjson`; `response` describes one line. */
  stream?: "ndjson";
  /** Status of success; 200 unless told. */
  status?: 200 | 201 | 202 | 204;
  /** Served from memory, so a session that was verified before may read it while the database is away. */
  snapshot?: true;
  /** Answers 202 with the same shape while its effect still goes on. */
  late?: true;
};

export const defineEndpoint = <const E extends Endpoint>(endpoint: E): E => endpoint;

type Part<E, K extends string> = E extends Record<K, infer S> ? (S extends z.ZodType ? S : never) : never;
type InputPart<E, K extends string> =
  E extends Record<K, z.ZodType> ? { [P in K]: z.input<Part<E, K>> } : unknown;
type OutputPart<E, K extends string> =
  E extends Record<K, z.ZodType> ? { [P in K]: z.output<Part<E, K>> } : unknown;

/** What a caller hands over: `{ params, query, body }`, each only where the endpoint declares it. */
export type EndpointInput<E extends Endpoint> = InputPart<E, "params"> &
  InputPart<E, "query"> &
  InputPart<E, "body">;
/** The same after parsing, defaults filled in. */
export type EndpointParsed<E extends Endpoint> = OutputPart<E, "params"> &
  OutputPart<E, "query"> &
  OutputPart<E, "body">;
export type EndpointResult<E extends Endpoint> = z.output<E["response"]>;

export const timestamp = z.iso.datetime({ offset: true });

/** Answer of every list: `nextCursor` is opaque, null at the end. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** Query part that every keyset-paged list takes. */
export const paging = {
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

/** A flag in a query string: absent, `0` or `1`. */
export const queryFlag = z
  .enum(["0", "1"])
  .default("0")
  .transform((value) => value === "1");

/** Asks a status endpoint for the past: the last stored answer at or before that moment, with its own `observedAt`. */
export const pastMoment = z.strictObject({ at: timestamp.optional() });

/** Several values in one query parameter, separated by commas. */
export const queryList = <T extends z.ZodType<string, string>>(item: T) =>
  z
    .string()
    .max(2000)
    .transform((value) => value.split(",").filter((part) => part !== ""))
    .pipe(z.array(item).max(50));

/** URL-safe short name of an organization, source or endpoint. */
export const slug = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, "lower-case letters, digits and inner hyphens");

/** Characters of what is shown in one line: no control characters. */
export const shownCharacters = /^[^\p{Cc}\p{Cs}]*$/u;
export const shownCharactersText = "must not hold control characters";

/** Name of a person, an organization or a token. */
export const shownName = z.string().trim().min(1).max(100).regex(shownCharacters, shownCharactersText);
