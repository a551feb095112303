// Refuses bad variables before anything is installed or built for them.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isServerBuilt, root } from "../install.mjs";
import { Stop } from "../progress.mjs";

const bff = join(root, "bff");
const wanted = ["tsx", "zod", "ipaddr.js"].map((name) => join(bff, "node_modules", name, "package.json"));
/** Exit code by which the check says that the variables are bad; any other failure is not about them. */
const badVariables = 78;

/**
 * Checks the environment by the product's own schema, in a process of its own that loads nothing else.
 * @returns {Promise<boolean>} false when the packages that read the schema are not installed yet
 */
export async function checkVariables() {
  if (!wanted.every((path) => existsSync(path))) return false;
  const program = isServerBuilt()
    ? ["dist/check-variables.js"]
    : ["--import", "tsx", "launch/check-variables.ts"];
  const child = spawn(process.execPath, program, {
    cwd: bff,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  if (code === badVariables) throw new Stop(output.trim());
  // Packages of another release may lack what the schema needs; they are about to be installed anew.
  return code === 0;
}
