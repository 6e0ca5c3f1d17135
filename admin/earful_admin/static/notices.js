// Notifications by the browser: allowed by a press of a button, shown while the inbox is open.
// What the browser shows comes with the inbox's own polls.
(() => {
  "use strict";
  const isThere = "Notification" in window && window.isSecureContext;
  const box = document.getElementById("browser-notices");

  const draw = () => {
    if (!box || !isThere) return;
    box.hidden = false;
    for (const line of box.querySelectorAll("[data-state]")) line.hidden = line.dataset.state !== Notification.permission;
    box.querySelector("[data-allow]").hidden = Notification.permission !== "default";
  };
  box?.querySelector("[data-allow]").addEventListener("click", async () => {
    await Notification.requestPermission();
    draw();
  });
  draw();

  const shared = window.earful.inbox;
  if (!shared) return;
  const page = shared.inbox.dataset.noticesPage;
  shared.noticesTold = ({ count, show }) => {
    for (const badge of document.querySelectorAll(`.nav-link[href="${CSS.escape(page)}"] .nav-count`)) {
      badge.textContent = count > 99 ? "99+" : String(count);
    }
    if (!isThere || Notification.permission !== "granted") return;
    for (const { id, text, url } of show) {
      // The same tag in every window: several of them show one.
      const note = new Notification("Earful", { body: text, tag: `earful-${id}` });
      note.addEventListener("click", () => {
        window.focus();
        void shared.open(new URL(url, location.origin).href);
        note.close();
      });
    }
  };
})();
