import { basePath } from "#lib/base-path.ts";

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );

/** Why this browser cannot be pushed to; null if it can. */
export const pushRefusal = (): string | null => {
  if (!("serviceWorker" in navigator) || !("PushManager" in window))
    return window.isSecureContext
      ? "This browser has no push. On an iPhone, add the console to the home screen first."
      : "Push needs https.";
  return Notification.permission === "denied"
    ? "Notifications of this site are blocked in the browser."
    : null;
};

/** Asks the person and the push service. @throws with words for the person */
export const subscribeHere = async (
  vapidPublicKey: string,
): Promise<{ endpoint: string; keys: { p256dh: string; auth: string } }> => {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Error("Notifications were not allowed in the browser.");
  await navigator.serviceWorker.register(`${basePath}/sw.js`, { scope: `${basePath}/` });
  const registration = await navigator.serviceWorker.ready;
  const existing = await registration.pushManager.getSubscription();
  const subscription =
    existing ??
    (await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytesOf(vapidPublicKey),
    }));
  const { endpoint = "", keys } = subscription.toJSON();
  return { endpoint, keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
};

/** A name by which a person recognises the browser. */
export const browserName = (): string => {
  const { userAgent } = navigator;
  const browser = /Edg\//.test(userAgent)
    ? "Edge"
    : /Firefox\//.test(userAgent)
      ? "Firefox"
      : /Chrome\//.test(userAgent)
        ? "Chrome"
        : "Safari";
  const system = /iPhone|iPad/.test(userAgent)
    ? "iPhone"
    : /Android/.test(userAgent)
      ? "Android"
      : /Mac/.test(userAgent)
        ? "Mac"
        : /Windows/.test(userAgent)
          ? "Windows"
          : "Linux";
  return `${browser} on ${system}`;
};
