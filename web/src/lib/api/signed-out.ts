let isOut = false;
let told = "";

/** Remembers that there is no session, and why it ended as the server says; empty for a first visit. */
export const noteSignedOut = (reason: string): void => {
  isOut = true;
  told = reason;
};

export const noteSignedIn = (): void => {
  isOut = false;
  told = "";
};

/** Whether it is known that there is no session, so that asking for it would only be refused. */
export const isSignedOut = (): boolean => isOut;
/** Why the session ended; empty for a first visit. */
export const signedOutReason = (): string => told;
