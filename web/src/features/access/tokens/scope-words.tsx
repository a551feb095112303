import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import { meaningOf } from "../rights.ts";
import { presets, toldBy } from "./presets.ts";

/** The rights of a token by what it is for, then one by one; their technical names are in the tooltip. */
export const ScopeWords = ({ capabilities }: { capabilities: readonly Capability[] }) => {
  const { whole, rest } = toldBy(capabilities);
  const labels = presets.filter(({ id }) => whole.includes(id)).map(({ label }) => label);
  return <span title={capabilities.join(", ")}>{[...labels, ...rest.map(meaningOf)].join(", ")}</span>;
};
