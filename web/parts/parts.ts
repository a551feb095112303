import { formParts } from "./form-parts.tsx";
import { frameParts } from "./frame-parts.tsx";
import { historyParts } from "./history-parts.tsx";
import { listParts } from "./list-parts.tsx";
import { overlayParts } from "./overlay-parts.tsx";
import type { Part } from "./part.ts";
import { runParts } from "./run-parts.tsx";
import { smallParts } from "./small-parts.tsx";

/** Everything that `src/ui` draws, in the order of the page. */
export const parts: readonly Part[] = [
  ...smallParts,
  ...formParts,
  ...listParts,
  ...overlayParts,
  ...frameParts,
  ...historyParts,
  ...runParts,
];
