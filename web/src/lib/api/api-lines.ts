import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import type { Endpoint, EndpointInput, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { ApiError, endpointUrl, failure } from "./api.ts";

const silenceMaxMs = 30_000;

/** Lines of a text that arrives in parts. Text after the last line break is not a line. */
export async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of parts) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function* partsOf(response: Response, onPart: () => void): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onPart();
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Calls an endpoint that answers line by line. Leaving the loop, or aborting the signal, stops the work on the
 * server.
 *
 * @throws ApiError as `call` does, and `timeout` when no line arrives for 30 s
 */
export async function* callLines<E extends Endpoint & { stream: "ndjson" }>(
  endpoint: E,
  input: EndpointInput<E> & { params?: unknown; query?: unknown },
  { organization, signal }: { organization: string; signal: AbortSignal },
): AsyncGenerator<EndpointResult<E>> {
  const silence = new AbortController();
  const beQuiet = () => silence.abort();
  let timer = setTimeout(beQuiet, silenceMaxMs);
  try {
    const response = await fetch(endpointUrl(endpoint, input), {
      headers: { accept: "application/x-ndjson", [organizationHeader]: organization },
      credentials: "same-origin",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) throw await failure(response);
    const parts = partsOf(response, () => {
      clearTimeout(timer);
      timer = setTimeout(beQuiet, silenceMaxMs);
    });
    for await (const line of linesOf(parts)) {
      const body: unknown = JSON.parse(line);
      yield body as EndpointResult<E>;
    }
  } catch (error) {
    if (error instanceof ApiError || signal.aborted) throw error;
    if (silence.signal.aborted) throw new ApiError("timeout", `No response within ${silenceMaxMs / 1000} s`);
    throw new ApiError("network", "The connection was lost");
  } finally {
    clearTimeout(timer);
  }
}
