// The open conversation: where it is read, what has been seen of it, and bringing it up to date
// without moving what is being read.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, ask, thread, openId, linkOf, neighbour, fragment, part, watch, isPlain, change, tell } = shared;
  const { announce, holdFocus, keys, text } = window.earful;

  // Each names a hidden field of the composer: the newest message, reply and note it was written in sight of.
  const SEEN = ["seen", "seen_reply", "seen_note"];
  let newest = {};
  const readNewest = (root) => {
    newest = Object.fromEntries(SEEN.map((name) => [name, Number($(`input[name=${name}]`, root)?.value ?? 0)]));
  };

  // ── Where it is read ──────────────────────────────────────────────────────────────────────
  const scroller = () => $("#thread-scroll");
  const isAtBottom = () => {
    const box = scroller();
    return !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  };
  const toBottom = () => {
    const box = scroller();
    if (box) box.scrollTop = box.scrollHeight;
    $("#thread-news")?.setAttribute("hidden", "");
  };

  document.addEventListener("inbox:opened", () => {
    if (!thread()) return;
    const aimed = (location.hash.startsWith("#message-") && $(location.hash)) || $("#new-line");
    if (aimed) aimed.scrollIntoView();
    else toBottom();
    readNewest(document);
    scroller()?.addEventListener("scroll", noteSeen, { passive: true });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#thread-news")) toBottom();
  });

  // What is put above leaves what is read where it is.
  const showEarlier = async (link) => {
    const place = link.closest("#earlier-link");
    const fresh = await part(link, link.dataset.fetch);
    if (!fresh) return;
    const box = scroller();
    const below = box.scrollHeight - box.scrollTop;
    place.replaceWith(fresh);
    box.scrollTop = box.scrollHeight - below;
    if (document.activeElement === document.body) box.focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#earlier-link a");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    void showEarlier(link);
  });

  // From one message to the next.
  const lines = () => $$(".timeline > .entry");
  const stepLine = (by) => {
    const all = lines();
    const at = all.indexOf(document.activeElement.closest(".entry"));
    const next = all[at < 0 ? all.length - 1 : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  keys({ "Shift+J": () => stepLine(1), "Shift+K": () => stepLine(-1) });

  // ── What has been seen ────────────────────────────────────────────────────────────────────
  const setSeen = (names = SEEN) => {
    for (const name of names) {
      const field = $("#composer-form")?.elements[name];
      if (field && newest[name] > Number(field.value)) field.value = newest[name];
    }
  };
  const noteSeen = () => {
    if (!isAtBottom() || document.hidden) return;
    $("#thread-news")?.setAttribute("hidden", "");
    // Who is in the middle of writing need not have noticed that a colleague answered.
    setSeen($("#composer-text")?.value.trim() ? ["seen"] : SEEN);
  };

  // ── The next one, fetched before it is opened ─────────────────────────────────────────────
  // One at a time, a few at most, and not for long: what is shown must be what is there.
  const READY_FOR = 15_000;
  const MOST_READY = 4;
  const ready = new Map();
  let wanted = 0;
  const prefetch = (url, wait = 80) => {
    clearTimeout(wanted);
    if (!url || navigator.connection?.saveData) return;
    wanted = setTimeout(async () => {
      await shared.draftsKept();
      if (isReady(url)) return;
      const headers = { "HX-Request": "true", "HX-Target": "pane" };
      const response = await ask(url, { headers }).catch(() => null);
      if (!response?.ok) return;
      const html = await response.text();
      if (ready.size >= MOST_READY) ready.delete(ready.keys().next().value);
      ready.set(url, { html, at: Date.now() });
    }, wait);
  };
  const isReady = (url) => Date.now() - (ready.get(url)?.at ?? 0) < READY_FOR;
  shared.takeReady = (url) => {
    const html = isReady(url) && ready.get(url).html;
    ready.delete(url);
    return html;
  };
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest(".row-link");
    if (link && link.getAttribute("aria-current") !== "true") prefetch(link.href);
  });
  document.addEventListener("inbox:opened", () => {
    ready.delete(location.href);
    prefetch(linkOf(neighbour(openId()))?.href, 300);
  });
  // Whatever is done here may change what stands there.
  for (const what of ["refreshed", "undone"]) document.addEventListener(`inbox:${what}`, () => ready.clear());

  // ── Staying up to date ────────────────────────────────────────────────────────────────────
  const morph = (old, fresh) => { if (old && fresh) change(old, fresh, "outerHTML"); };
  const isBusy = (part) => part && (part.contains(document.activeElement)
    && document.activeElement.matches("input, select, textarea")) || $(".menu[open]", part ?? document);

  shared.refreshThread = async ({ force = false } = {}) => {
    const id = openId();
    if (!id) return;
    const fresh = await fragment(thread().dataset.fresh, "pane");
    await shared.canChange();
    if (!fresh || openId() !== id) return;
    const wasAtBottom = isAtBottom();
    // After a change of one's own, who made it sees to the focus.
    const keepFocus = force ? () => {} : holdFocus();
    const other = $("#thread", fresh);
    thread().dataset.word = other?.dataset.word ?? "";
    drawAbout(fresh, force);
    const arrived = mergeTimeline($("#latest", fresh));
    readNewest(fresh);
    tell("refreshed", { fresh });
    watch();
    keepFocus();
    if (wasAtBottom) toBottom();
    else if (arrived) $("#thread-news").hidden = false;
    if (arrived) announce(text("A new message arrived in this conversation"));
    noteSeen();
  };

  const drawAbout = (fresh, force = false) => {
    for (const part of ["thread-head", "context"]) {
      const old = document.getElementById(part);
      if (force || !isBusy(old)) morphPart(part, fresh);
    }
  };
  // What time alone changes: how long is left. What was said stays as it is.
  setInterval(async () => {
    const id = openId();
    if (!id || document.hidden) return;
    const fresh = await shared.canChange()
      .then(() => fragment(thread().dataset.fresh, "about")).catch(() => null);
    if (!fresh || openId() !== id) return;
    drawAbout(fresh);
    watch();
  }, 60_000);

  const morphPart = (id, fresh) => {
    const old = document.getElementById(id);
    const isOpen = old?.classList.contains("is-open");
    morph(old, $(`#${id}`, fresh));
    if (isOpen) document.getElementById(id).classList.add("is-open");
  };

  // Adds and changes lines, and removes only what is gone; what was read above stays in place.
  const mergeTimeline = (fresh) => {
    const latest = $("#latest");
    if (!fresh || !latest) return 0;
    let arrived = 0;
    let last = null;
    const lines = [...fresh.children];
    const known = new Set(lines.map((line) => line.id));
    const first = lines.map((line) => document.getElementById(line.id)).find(Boolean);
    for (const old of [...latest.children]) {
      const isOlder = first && (old.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!known.has(old.id) && !isOlder && old.id !== "new-line") old.remove();
    }
    for (const line of lines) {
      const old = document.getElementById(line.id);
      if (old) morph(old, line);
      else {
        arrived += line.classList.contains("entry-in") ? 1 : 0;
        if (last) last.after(line);
        else latest.prepend(line);
      }
      last = document.getElementById(line.id);
    }
    return arrived;
  };

  // Replies that can still be taken back count down.
  setInterval(() => {
    for (const state of $$("[data-due]")) {
      const left = Math.ceil((new Date(state.dataset.due) - Date.now()) / 1000);
      $("span", state).textContent = left > 0 ? text("Sends in %(n)s s", { n: left }) : text("Sends now");
    }
  }, 500);

  // ── Labels: `t` goes to those of the newest message, arrows move among the choices ────────
  const toLabels = () => {
    const group = $$("#latest .entry-in [data-judge]").filter((each, at, all) => (
      each.closest(".entry") === all.at(-1).closest(".entry"))).at(0);
    const button = group && ($("[aria-pressed=true]", group) ?? $(".judge-choice", group));
    button?.focus();
    button?.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const foot = by && event.target.closest("[data-judge]")?.closest(".bubble-foot");
    if (!foot || event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = $$("[data-judge] button:not(.judge-more)", foot);
    const next = buttons[buttons.indexOf(event.target.closest("button")) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  keys({ t: toLabels });

  Object.assign(shared, { toBottom, setSeen, SEEN });
})();
