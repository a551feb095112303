/** Asks the person to confirm who is acting; resolves with whether that happened. */
export type Confirmation = () => Promise<boolean>;

/**
 * Connects calls that the server answers with `step_up_required` to the dialog that asks the person. Calls made
 * while the dialog is open share its answer.
 */
const createStepUp = () => {
  let ask: Confirmation | null = null;
  let asking: Promise<boolean> | null = null;
  return {
    /** Registers the function that shows the dialog. @returns a function that unregisters it. */
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

/** Sent by the window that returned from the identity provider. */
export const tellConfirmed = (): void => {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage("confirmed");
  channel.close();
};

/** Calls back when another window of this browser has confirmed. @returns a function that stops listening. */
export const onConfirmed = (listener: () => void): (() => void) => {
  const channel = new BroadcastChannel(channelName);
  channel.addEventListener("message", listener);
  return () => channel.close();
};
