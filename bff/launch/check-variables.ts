// Reads the variables as the product will, and says what is wrong with them; run by `npm start` before all else.
import { ConfigError, loadConfig } from "../src/config.ts";

const badVariables = 78;

try {
  loadConfig(process.env);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = badVariables;
}
