import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import type { Endpoint, EndpointInput, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { ErrorBody, ErrorCode, ErrorDetail } from "@wheelhouse/shared/errors.ts";
import { basePath } from "#lib/base-path.ts";
import { takeFirstAnswer } from "./first-answers.ts";
import { stepUp } from "./step-up.ts";

const callTimeoutMs = 15_000;

/** `network`: no response; `timeout`: none within the limit; other codes come from the server. */
export type ApiErrorCode = ErrorCode | "network" | "timeout";

/** Why a call failed, in the server's words if it responded. `retryAfterMs` comes from `Retry-After`. */
export class ApiError extends Error {
  override name = "ApiError";
  code: ApiErrorCode;
  status: number | null;
  requestId: string | null;
  details: readonly ErrorDetail[];
  retryAfterMs: number | null;

  constructor(
    code: ApiErrorCode,
    message: string,
    rest: {
      status?: number;
      requestId?: string | null;
      details?: readonly ErrorDetail[];
      retryAfterMs?: number | null;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.status = rest.status ?? null;
    this.requestId = rest.requestId ?? null;
    this.details = rest.details ?? [];
    this.retryAfterMs = rest.retryAfterMs ?? null;
  }
}

type Parts = { params?: unknown; query?: unknown; body?: unknown };
type CallOptions = {
  /** Slug or id of the organization in the page's URL. */
  organization?: string | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * URL of an endpoint below `/api/v1`: parameters percent-encoded, absent query values omitted, lists joined by
 * commas.
 */
export const endpointUrl = (endpoint: Pick<Endpoint, "path">, { params, query }: Parts): string => {
  const values = isRecord(params) ? params : {};
  const path = endpoint.path.replace(/:([A-Za-z]+)/g, (_match, name: string) =>
    encodeURIComponent(String(values[name] ?? "")),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(isRecord(query) ? query : {})) {
    if (value === undefined || value === null || value === "") continue;
    search.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  const text = search.toString();
  return `${basePath}/api/v1${path}${text === "" ? "" : `?${text}`}`;
};

const isErrorBody = (value: unknown): value is ErrorBody =>
  isRecord(value) && isRecord(value.error) && typeof value.error.message === "string";

export const failure = async (response: Response): Promise<ApiError> => {
  const body: unknown = await response.json().catch(() => null);
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const rest = { status: response.status, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
  if (!isErrorBody(body)) {
    const code = response.status === 401 ? "unauthenticated" : "unavailable";
    return new ApiError(code, `The server returned ${response.status} without details`, rest);
  }
  const { code, message, requestId, details } = body.error;
  return new ApiError(code, message, { ...rest, requestId, details: details ?? [] });
};

const send = async <E extends Endpoint>(
  endpoint: E,
  input: EndpointInput<E>,
  { organization, signal, timeoutMs = callTimeoutMs }: CallOptions,
): Promise<EndpointResult<E>> => {
  const parts = input as Parts;
  const headers = new Headers({ accept: "application/json" });
  if (organization !== undefined) headers.set(organizationHeader, organization);
  if (parts.body !== undefined) headers.set("content-type", "application/json");
  const timeout = AbortSignal.timeout(timeoutMs);
  const url = endpointUrl(endpoint, parts);
  const first = endpoint.method === "GET" ? takeFirstAnswer(organization, url) : undefined;
  if (first !== undefined) return first as EndpointResult<E>;
  try {
    const response = await fetch(url, {
      method: endpoint.method,
      headers,
      credentials: "same-origin",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
    });
    if (!response.ok) throw await failure(response);
    const body: unknown = response.status === 204 ? null : await response.json();
    return body as EndpointResult<E>;
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted === true) throw error;
    if (timeout.aborted) throw new ApiError("timeout", `No response within ${timeoutMs / 1000} s`);
    throw new ApiError("network", "The server cannot be reached");
  }
};

/**
 * Calls one endpoint of the shared table with the session cookie. When the server requires confirmation, it
 * asks the person and repeats the call once.
 *
 * @returns the parsed answer, `null` for 204
 * @throws ApiError for every answer that is not a success, when none comes within `timeoutMs` (15 s), and when
 * the network fails; an abort through `signal` passes unchanged
 */
export const call = async <E extends Endpoint>(
  endpoint: E,
  input: EndpointInput<E>,
  options: CallOptions = {},
): Promise<EndpointResult<E>> => {
  try {
    return await send(endpoint, input, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "step_up_required") throw error;
    if (!(await stepUp.confirm())) throw new ApiError("step_up_required", "Confirmation was cancelled");
    return send(endpoint, input, options);
  }
};
