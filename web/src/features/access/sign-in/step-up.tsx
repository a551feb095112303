import { Suspense, useEffect, useState } from "react";
import { stepUp } from "#lib/api/step-up.ts";
import { onDemand } from "#lib/on-demand.ts";

const StepUpDialog = onDemand(() => import("./step-up-dialog.tsx"));

/** Rendered once at the root: shows the confirmation dialog whenever a call of any page requires it. */
export const StepUp = () => {
  const [answer, setAnswer] = useState<((confirmed: boolean) => void) | null>(null);
  useEffect(() => stepUp.answerBy(() => new Promise<boolean>((resolve) => setAnswer(() => resolve))), []);
  if (answer === null) return null;
  return (
    <Suspense>
      <StepUpDialog
        onAnswer={(confirmed) => {
          setAnswer(null);
          answer(confirmed);
        }}
      />
    </Suspense>
  );
};
