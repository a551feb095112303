// Refuses bad variables before anything is installed or built for them.
import { problemsOf, problemText } from "../../src/config-rules.mjs";
import { readSecretFiles } from "../../src/config-secrets.mjs";
import { Stop } from "../progress.mjs";

/** Checks the environment by the rules of the product, which need no package. */
export function checkVariables() {
  const { given, problems: unread } = readSecretFiles(process.env);
  const problems = problemsOf(given, unread);
  if (problems.size > 0) throw new Stop(problemText(problems));
}
