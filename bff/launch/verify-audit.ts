// Verifies an exported trail without database and network:
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { verifyExport } from "#features/audit/proof/proof.ts";

const usage = "verify-audit <export.ndjson> --checkpoints <file.ndjson> --key <public-keys.pem>";
// npm runs scripts in the package's folder; paths are relative to the person's folder.
const from = process.env.INIT_CWD ?? process.cwd();
const count = (number: number, thing: string) =>
  `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;

try {
  const { values, positionals } = parseArgs({
    options: { checkpoints: { type: "string" }, key: { type: "string" } },
    allowPositionals: true,
  });
  const [exportFile] = positionals;
  if (!exportFile || positionals.length > 1 || !values.checkpoints || !values.key)
    throw new Error(`Usage: ${usage}`);
  const result = await verifyExport({
    exportFile: resolve(from, exportFile),
    checkpointsFile: resolve(from, values.checkpoints),
    keyPem: readFileSync(resolve(from, values.key), "utf8"),
  });
  const { fault, newest, exportedAt, filter } = result;
  if (fault) {
    const where = fault.line === undefined ? "" : `Line ${fault.line}: `;
    process.stdout.write(`NOT VERIFIED. ${where}${fault.problem}.\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write(
      [
        `Verified: ${count(result.events, "event")} of ${count(result.organizations, "organization")}, exported ${exportedAt}.`,
        Object.keys(filter).length > 0
          ? `The export has a filter (${JSON.stringify(filter)}): ${count(result.gaps, "gap")} between its events.`
          : "The export has no filter and no gap.",
        ...result.reach.map(
          ({ organizationId, signedTo, chainedTo }) =>
            `Organization ${organizationId}: signed to event ${signedTo}, chained to ${chainedTo}.`,
        ),
        `Covered by a signature: ${result.signedEvents} of ${count(result.events, "event")}.`,
        `Signed checkpoints that agree with it: ${result.checkpoints}.`,
        newest
          ? `Newest checkpoint: ${newest.number} of ${newest.at}, event ${newest.seq}, key ${newest.keyId}.`
          : "",
      ].join("\n"),
    );
    process.stdout.write("\n");
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
