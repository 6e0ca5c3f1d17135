// Who else is here: what this window tells with each poll, the marks in the list, and the line
// above the composer. A window that nobody looks at tells nothing, and is forgotten soon.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, thread, openId, change } = shared;
  const { announce } = window.earful;

  const WRITING_FOR = 60_000;
  const SAID_EVERY = 30_000;
  // One name for each window: two of them may show two conversations.
  const name = [...crypto.getRandomValues(new Uint32Array(3))].map((each) => each.toString(36)).join("");
  let typedAt = 0;
  let word = "";
  let marks = {};
  let lastSaid = 0;

  const isWriting = () => Date.now() - typedAt < WRITING_FOR && Boolean($("#composer-text")?.value.trim())
    && $("#composer-form input[name=surface]:checked")?.dataset.kind !== "note";

  shared.presenceAsked = () => ({
    presence: word,
    ...(document.hidden ? {} : { window: name, doing: isWriting() ? "replying" : "viewing" }),
  });

  shared.presenceTold = (said) => {
    word = said.presence;
    marks = said.viewers ?? marks;
    drawMarks();
    if (said.here !== undefined) drawLine(said.here);
  };

  const drawMarks = () => {
    for (const slot of $$("#rows [data-viewers]")) {
      const html = marks[slot.dataset.viewers] ?? "";
      if (slot.innerHTML !== html) slot.innerHTML = html;
    }
  };

  const drawLine = (html) => {
    const place = $("#presence");
    if (!place) return;
    const wasReplying = Boolean($(".is-replying", place));
    change(place, html, "innerHTML");
    const words = $(".is-replying [data-presence-words]", place)?.textContent;
    // Only what may make two answers of one is said aloud, and seldom.
    if (!words || wasReplying || Date.now() - lastSaid < SAID_EVERY) return;
    lastSaid = Date.now();
    announce(words);
  };

  document.addEventListener("input", (event) => {
    if (event.target.id !== "composer-text") return;
    const wasWriting = isWriting();
    typedAt = Date.now();
    if (!wasWriting && isWriting()) shared.pollSoon();
  });
  document.addEventListener("inbox:opened", () => {
    typedAt = 0;
    word = "";
    if (openId() && thread()) shared.pollSoon();
  });
  document.addEventListener("inbox:listed", drawMarks);
})();
