import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { curlOf } from "./curl.ts";

it("a copied command passes every byte of address, headers and body on, and runs nothing within them", () => {
  const request = {
    url: "https://r.example/in?a=1&b=$(id)",
    headers: { "webhook-id": "msg_1'; touch /tmp/never; '", "content-length": "9" },
    body: `{"a": "it's \`id\` $HOME\n"}`,
    bodySizeBytes: 9,
    truncated: false,
  };
  // In place of curl, a program that writes its arguments.
  const script = curlOf(request).replace("curl", "printf '%s\\0'");
  const given = execFileSync("sh", ["-c", script]).toString().split("\0");
  expect(given).toEqual([
    "-X",
    "POST",
    request.url,
    "-H",
    "webhook-id: msg_1'; touch /tmp/never; '",
    "--data-raw",
    request.body,
    "",
  ]);
});
