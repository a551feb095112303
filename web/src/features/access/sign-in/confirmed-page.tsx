import { useEffect } from "react";
import { tellConfirmed } from "#lib/api/step-up.ts";
import { Problem } from "#ui/page/problem.tsx";

/** The last page of the identity provider's window: it notifies the waiting page and closes. */
export const ConfirmedPage = () => {
  useEffect(() => {
    document.title = "Confirmed · Wheelhouse";
    tellConfirmed();
    window.close();
  }, []);
  return <Problem title="Confirmed">You can close this window and continue in the other one.</Problem>;
};
