import { createHmac, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { OutgoingEvent } from "./sender.ts";

const names = [
  "push",
  "pull_request",
  "issues",
  "issue_comment",
  "release",
  "workflow_run",
  "star",
  "deployment_status",
];
const examplesPerName = 6;

const definitions = z.array(
  z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.json())) }),
);

export type GithubExample = { name: string; body: string };

/** Real payloads from GitHub, of the events that a team sees most, from `@octokit/webhooks-examples`. */
export const readGithubExamples = async (): Promise<GithubExample[]> => {
  const path = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples"));
  const all = definitions.parse(JSON.parse(await readFile(path, "utf8")));
  return all
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, examples }) =>
      examples.slice(0, examplesPerName).map((example) => ({ name, body: JSON.stringify(example) })),
    );
};

/** Headers as GitHub sends them (docs.github.com, "Validating webhook deliveries"): HMAC-SHA256 of the body, in hex. */
export const githubEvent = (secret: string, { name, body }: GithubExample): OutgoingEvent => {
  const headers = {
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-event": name,
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
  return { body, headers: () => headers };
};
