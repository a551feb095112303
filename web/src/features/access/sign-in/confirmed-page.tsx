import { useEffect } from "react";
import { tellConfirmed } from "#lib/api/step-up.ts";
import { Problem } from "#ui/page/problem.tsx";

/** Where the identity provider's window ends after a confirmation: it tells the page that waits, and goes. */
export const ConfirmedPage = () => {
  useEffect(() => {
    document.title = "Confirmed · Wheelhouse";
    tellConfirmed();
    window.close();
  }, []);
  return <Problem title="Confirmed">You can close this window and go on in the other one.</Problem>;
};
