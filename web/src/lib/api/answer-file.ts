import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import { ApiError, endpointUrl } from "./api.ts";

/** Saves the file with which an endpoint answers through the browser's downloads. @throws ApiError when it is refused. */
export const saveAnswer = async (
  endpoint: Pick<Endpoint, "path">,
  input: Parameters<typeof endpointUrl>[1],
  organization: string,
): Promise<void> => {
  const response = await fetch(endpointUrl(endpoint, input), {
    headers: { [organizationHeader]: organization },
    credentials: "same-origin",
  }).catch(() => {
    throw new ApiError("network", "The server cannot be reached");
  });
  if (!response.ok) throw new ApiError("unavailable", `The file could not be made (${response.status})`);
  const name =
    /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "result.csv";
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};
