// Shows what is pushed while no page is open. It keeps nothing and answers no request.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const message = event.data?.json() ?? {};
  const isCall =
    message.severity === "critical" && message.event !== "resolved" && message.event !== "acknowledged";
  event.waitUntil(
    self.registration.showNotification(message.title ?? "Wheelhouse", {
      body: message.body,
      // One incident is one notification, which its end replaces without a sound.
      tag: message.tag,
      renotify: isCall && message.tag !== undefined,
      silent: !isCall && message.event !== "fired",
      requireInteraction: isCall,
      data: { url: message.url, acknowledgeUrl: message.acknowledgeUrl },
      actions: message.acknowledgeUrl ? [{ action: "acknowledge", title: "Acknowledge" }] : [],
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  const { url, acknowledgeUrl } = event.notification.data ?? {};
  event.notification.close();
  const target = event.action === "acknowledge" && acknowledgeUrl ? acknowledgeUrl : url;
  if (target) event.waitUntil(self.clients.openWindow(target));
});
