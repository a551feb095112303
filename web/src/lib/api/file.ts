import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import { ApiError, failure } from "./api.ts";

export type FetchedFile = { blob: Blob; name: string };

/** Fetches a file that an endpoint makes. @throws ApiError when the server refuses or the transfer is cut off. */
export const fetchFile = async (url: string, organization: string): Promise<FetchedFile> => {
  const response = await fetch(url, {
    headers: { [organizationHeader]: organization },
    credentials: "same-origin",
  }).catch(() => {
    throw new ApiError("network", "The server cannot be reached");
  });
  if (!response.ok) throw await failure(response);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "export";
  const blob = await response.blob().catch(() => {
    throw new ApiError("network", "The transfer was cut off");
  });
  return { blob, name };
};

/** Saves a file through the browser's downloads. */
export const saveFile = ({ blob, name }: FetchedFile): void => {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};
