/** Asks the person to confirm who is acting; resolves with whether that happened. */
export type Confirmation = () => Promise<boolean>;

/**
 * Where a call that the server answers with `step_up_required` has the person asked, and where the page says how.
 * Calls that come while somebody is asked share the answer.
 */
const createStepUp = () => {
  let ask: Confirmation | null = null;
  let asking: Promise<boolean> | null = null;
  return {
    /** Whoever shows the dialog. @returns how to stop. */
    answerBy: (confirmation: Confirmation): (() => void) => {
      ask = confirmation;
      return () => {
        if (ask === confirmation) ask = null;
      };
    },
    confirm: (): Promise<boolean> => {
      asking ??= (ask?.() ?? Promise.resolve(false)).finally(() => {
        asking = null;
      });
      return asking;
    },
  };
};

export const stepUp = createStepUp();

const channelName = "wheelhouse-confirmed";

/** Said by the window that came back from the identity provider. */
export const tellConfirmed = (): void => {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage("confirmed");
  channel.close();
};

/** Calls back when another window of this browser confirmed. @returns how to stop. */
export const onConfirmed = (listener: () => void): (() => void) => {
  const channel = new BroadcastChannel(channelName);
  channel.addEventListener("message", listener);
  return () => channel.close();
};
