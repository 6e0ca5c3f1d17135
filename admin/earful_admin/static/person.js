// What is known about the person, beside their conversation: fetched once it is seen, and changed
// without leaving the page.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, inbox, part } = shared;
  const { holdFocus } = window.earful;

  const draw = (place, fresh) => {
    const keepFocus = place.contains(document.activeElement) ? holdFocus() : () => {};
    place.replaceChildren(fresh);
    keepFocus();
    returnNote();
  };
  document.addEventListener("inbox:seen", async ({ target }) => {
    if (!target.matches("[data-own]")) return;
    const fresh = await part(target, target.dataset.fetch);
    if (!fresh) return;
    target.removeAttribute("data-on-sight");
    draw(target, fresh);
  });
  // Another form that is sent meanwhile waits for its turn; the same one is not sent again.
  let turn = Promise.resolve();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const place = form.closest("[data-own]");
    if (!place || event.defaultPrevented) return;
    event.preventDefault();
    if (form.ariaBusy) return;
    form.ariaBusy = "true";
    const body = new FormData(form, event.submitter);
    turn = turn.then(async () => {
      const fresh = await part(place, form.action, { method: "POST", body });
      form.ariaBusy = null;
      if (fresh) draw(place, fresh);
    });
  });

  // ── A note, half typed: kept in this browser until it stands among the others ─────────────
  const noteKey = (box) => `earful.note.${inbox.dataset.agent}.${box.form.getAttribute("action")}`;
  const tidy = (words) => words.replace(/\s+/gu, " ").trim();
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "contact-note") return;
    try { localStorage.setItem(noteKey(target), target.value); } catch { /* while it stands here */ }
  });
  const returnNote = () => {
    const box = $("#contact-note");
    if (!box) return;
    try {
      const kept = localStorage.getItem(noteKey(box)) ?? "";
      const isNoted = $$(".kept-note").some((each) => tidy(each.textContent) === tidy(kept));
      if (isNoted || !kept.trim()) localStorage.removeItem(noteKey(box));
      else box.value ||= kept;
    } catch { /* nothing could be kept */ }
  };
})();
