// What `npm start -- --watch …` names, joined with WHEELHOUSE_WATCH; a bad address is refused before anything is installed.
import { parseArgs } from "node:util";
import { enteredAddresses, readEnteredAddress } from "../../src/lib/entered-address.mjs";
import { Stop } from "../progress.mjs";

/**
 * The value of WHEELHOUSE_WATCH for the product; undefined when nothing is named.
 * @param {readonly string[]} args
 * @param {string | undefined} variable
 * @returns {string | undefined}
 */
export function watchedAddresses(args, variable = "") {
  const named = enteredAddresses(variable).map((text) => ({ text, from: "WHEELHOUSE_WATCH" }));
  const read = [...readFlags(args).map((text) => ({ text, from: "--watch" })), ...named].map(
    ({ text, from }) => ({
      from,
      address: readEnteredAddress(text),
    }),
  );
  const bad = read.filter(({ address }) => "problem" in address);
  if (bad.length > 0)
    throw new Stop(bad.map(({ from, address }) => `${from} ${address.shown}: ${address.problem}`).join("\n"));
  const urls = [...new Set(read.map(({ address }) => address.url))];
  return urls.length === 0 ? undefined : urls.join(" ");
}

function readFlags(args) {
  try {
    return (
      parseArgs({ args: [...args], options: { watch: { type: "string", multiple: true } } }).values.watch ??
      []
    );
  } catch {
    throw new Stop(
      "npm start takes nothing but --watch and an address, as often as needed: npm start -- --watch redis://host:6379",
    );
  }
}
