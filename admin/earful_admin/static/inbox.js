// The inbox: opening, acting, writing, and staying up to date without moving what is being read.
// Everything it shows comes from the server as HTML; what is typed never leaves this file unsaved.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const inbox = $("#inbox");
  if (!inbox) return;
  const { announce, toast, keys, token } = window.earful;
  const NARROW = matchMedia("(max-width: 859.98px)");
  const thread = () => $("#thread");
  const openId = () => Number(thread()?.dataset.id ?? 0);

  // ── Talking to the server ─────────────────────────────────────────────────────────────────
  class SignedOut extends Error {}

  const ask = async (url, options = {}) => {
    const response = await fetch(url, { redirect: "manual", credentials: "same-origin", ...options });
    if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
    return response;
  };

  const post = async (url, data) => {
    data.set("csrf_token", token());
    const headers = { Accept: "application/json" };
    const response = await ask(url, { method: "POST", body: data, headers });
    const isJson = response.headers.get("Content-Type")?.includes("json");
    const said = isJson ? await response.json() : {};
    if (response.ok) return said;
    return { refused: "The server could not do that. Load the page again.", newer: 0, ...said };
  };

  const fragment = async (url, target = "") => {
    const headers = target ? { "HX-Request": "true", "HX-Target": target } : {};
    const response = await ask(url, { headers });
    if (!response.ok) return null;
    const box = document.createElement("template");
    box.innerHTML = await response.text();
    return box.content;
  };

  const unreachable = (error) => (error instanceof SignedOut
    ? "You are signed out. What you wrote is kept in this browser: sign in again."
    : "The server cannot be reached. What you wrote is kept in this browser.");

  // ── The list ──────────────────────────────────────────────────────────────────────────────
  const links = () => $$("#rows .row-link");
  const rowOf = (id) => document.getElementById(`row-${id}`);
  const linkOf = (id) => $(".row-link", rowOf(id) ?? document.createElement("i"));

  const markCurrent = (id) => {
    for (const link of links()) link.removeAttribute("aria-current");
    linkOf(id)?.setAttribute("aria-current", "true");
  };

  const focusLink = (link) => {
    if (!link) return;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = links();
    const here = all.indexOf(document.activeElement);
    const from = here >= 0 ? here : all.indexOf(linkOf(openId()));
    const next = from < 0 ? 0 : Math.min(Math.max(from + by, 0), all.length - 1);
    if (NARROW.matches && inbox.classList.contains("is-reading")) return open(all[next]?.href);
    focusLink(all[next]);
  };

  const neighbour = (id) => {
    const row = rowOf(id);
    const beside = row?.nextElementSibling ?? row?.previousElementSibling;
    return Number(beside?.dataset.id ?? 0);
  };

  // ── Opening and leaving ───────────────────────────────────────────────────────────────────
  const open = async (url, { focus = true } = {}) => {
    if (!url) return;
    keepDraft();
    await htmx.ajax("GET", url, { target: "#pane", swap: "innerHTML" });
    inbox.classList.add("is-reading");
    markCurrent(openId());
    begin();
    if (focus) $("#thread-title")?.focus({ preventScroll: true });
  };

  const leave = () => {
    const link = linkOf(openId());
    if (NARROW.matches) {
      keepDraft();
      inbox.classList.remove("is-reading");
      history.pushState({}, "", inbox.dataset.home);
    }
    focusLink(link ?? links()[0]);
  };

  const isPlain = (event) => event.button === 0
    && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

  document.addEventListener("click", (event) => {
    if (!isPlain(event)) return;
    const link = event.target.closest(".row-link, [data-open]");
    if (link) {
      event.preventDefault();
      return void open(link.href);
    }
    if (event.target.closest(".thread-back")) {
      event.preventDefault();
      return leave();
    }
    const answer = event.target.closest("[data-answer]");
    if (answer) {
      event.preventDefault();
      return void answerTo(answer.dataset.answer);
    }
    if (event.target.closest("[data-context]")) return toggleContext();
    if (event.target.closest("[data-copy-draft]")) return copyDraft();
    if (event.target.closest("#list-news")) return void showNews();
    if (event.target.closest("#thread-news")) return toBottom();
  });

  addEventListener("popstate", () => location.reload());

  // ── A conversation has been opened ────────────────────────────────────────────────────────
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

  const begin = () => {
    if (!thread()) return;
    const aimed = location.hash.startsWith("#message-") && $(location.hash);
    if (aimed) aimed.scrollIntoView();
    else toBottom();
    scroller()?.addEventListener("scroll", noteSeen, { passive: true });
    readComposer();
    restoreDraft();
    placeNews();
  };

  const placeNews = () => {
    const wrap = $("#composer");
    // Where the composer ends is known only here. It is kept on what is never swapped: htmx copies
    // attributes to what it swaps in, and the security policy forbids that for styles.
    if (wrap) $("#pane").style.setProperty("--news-bottom", `${wrap.offsetHeight + 12}px`);
  };

  // ── Details and menus ─────────────────────────────────────────────────────────────────────
  const toggleContext = () => {
    const panel = $("#context");
    const shown = panel.classList.toggle("is-open");
    const toggle = $(".context-toggle");
    toggle?.setAttribute("aria-expanded", String(shown));
    if (shown && getComputedStyle(panel).position === "absolute") $(".context-close")?.focus();
    else if (document.activeElement === document.body) toggle?.focus();
  };

  const closeMenus = (except) => {
    for (const menu of $$(".menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
  document.addEventListener("focusin", (event) => closeMenus(event.target.closest(".menu")));

  const openMenu = (id) => {
    const menu = document.getElementById(id);
    if (!menu) return;
    menu.open = true;
    $(".menu-box button, .menu-box input:not([type=hidden])", menu)?.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || $("dialog[open]") || event.isComposing) return;
    const menu = $(".menu[open]");
    if (menu) {
      menu.open = false;
      return $("summary", menu).focus();
    }
    if ($("#context.is-open")) return toggleContext();
    if (event.target.id === "composer-text") return $("#thread-title")?.focus();
    if (thread()) leave();
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".menu-box");
    if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    if (event.target.matches("input")) return;
    const items = $$(".menu-item", menu);
    const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    items[(at + items.length) % items.length]?.focus();
  });

  // ── Acting ────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "composer-form") {
      event.preventDefault();
      return void send(event.submitter?.value ?? "");
    }
    if (!form.matches("[data-act]")) return;
    event.preventDefault();
    void act(form, event.submitter);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-now]")) event.target.form.requestSubmit();
  });

  const act = async (form, submitter) => {
    const id = openId();
    const next = neighbour(id);
    const inMenu = form.closest(".menu");
    try {
      const said = await post(form.action, new FormData(form, submitter));
      if (said.refused) return void toast(said.refused, { kind: "danger" });
      closeMenus();
      form.reset();
      if (inMenu) $("summary", inMenu)?.focus();
      await done(said, id, next);
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    }
  };

  const done = async (said, id, next) => {
    if (said.text !== undefined) putBack(said.text);
    const box = toast(said.said);
    if (said.undo) addUndo(box, said, id);
    await Promise.all([refreshThread({ force: true }), refreshList({ force: true })]);
    if (said.leaves) moveOn(next);
  };

  const moveOn = (next) => {
    if (NARROW.matches) leave();
    const link = linkOf(next) ?? links()[0];
    if (link) focusLink(link);
    else $("#thread-title")?.focus();
  };

  // A toast's own way back: a reply's text returns to the composer it came from.
  const addUndo = (box, said, id) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast-undo";
    button.textContent = "Undo";
    button.addEventListener("click", async () => {
      box.remove();
      const data = new FormData();
      data.set("conversation", id);
      try {
        const back = await post(said.undo, data);
        if (back.refused) return void toast(back.refused, { kind: "danger" });
        if (back.text !== undefined) await returnTo(id, back.text);
        toast(back.said);
        await Promise.all([refreshThread({ force: true }), refreshList({ force: true })]);
      } catch (error) {
        toast(unreachable(error), { kind: "danger" });
      }
    });
    $(".toast-text", box).after(button);
    if (said.seconds) countDown(box, said.seconds);
  };

  const countDown = (box, seconds) => {
    const ends = Date.now() + seconds * 1000;
    const words = $(".toast-text", box);
    const tick = setInterval(() => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (left > 0 && box.isConnected) {
        words.textContent = `Sending in ${left} s`;
        return;
      }
      clearInterval(tick);
      box.remove();
    }, 250);
  };

  const returnTo = async (id, text) => {
    if (openId() !== id) {
      keepText(id, text, "");
      const link = linkOf(id);
      if (link) await open(link.href, { focus: false });
      else return;
      return $("#composer-text")?.focus();
    }
    putBack(text);
  };

  // ── Writing ───────────────────────────────────────────────────────────────────────────────
  const composer = () => $("#composer-form");
  const textBox = () => $("#composer-text");
  const surface = () => $("input[name=surface]:checked", composer());

  const draftKey = (id) => `earful.draft.${inbox.dataset.agent}.${id}`;
  const stored = (id) => {
    try {
      return JSON.parse(localStorage.getItem(draftKey(id)) ?? "null");
    } catch {
      return null;
    }
  };
  const keepText = (id, text, chosen) => {
    try {
      if (text.trim()) localStorage.setItem(draftKey(id), JSON.stringify({ text, chosen }));
      else localStorage.removeItem(draftKey(id));
      return true;
    } catch {
      return false;
    }
  };
  const keepDraft = () => {
    if (!composer()) return;
    const kept = keepText(openId(), textBox().value, surface()?.value ?? "");
    const hint = $("[data-saved]");
    if (hint) hint.textContent = kept && textBox().value.trim() ? "Draft kept" : "";
  };
  const restoreDraft = () => {
    const draft = composer() && stored(openId());
    if (!draft || textBox().value) return;
    textBox().value = draft.text;
    const radio = $$("input[name=surface]", composer()).find((each) => each.value === draft.chosen);
    if (radio && !radio.disabled) radio.checked = true;
    readComposer();
  };
  addEventListener("pagehide", keepDraft);

  const putBack = (text) => {
    const box = textBox();
    if (!box) return;
    box.value = box.value.trim() ? `${text}\n\n${box.value}` : text;
    const reply = $$("input[name=surface]", composer()).find((each) => each.value !== "note" && !each.disabled);
    if (reply) reply.checked = true;
    readComposer();
    keepDraft();
    box.focus();
  };

  let waiting = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "composer-text") return;
    clearTimeout(waiting);
    waiting = setTimeout(keepDraft, 150);
    count();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "surface" && event.target.form === composer()) readComposer();
  });

  // The form follows what is chosen: a note looks different, and has no limit.
  const readComposer = () => {
    const form = composer();
    if (!form) return;
    const kind = surface()?.dataset.kind ?? "note";
    form.classList.remove("is-note", "is-public", "is-private");
    form.classList.add(`is-${kind}`);
    const box = textBox();
    const words = {
      note: ["Write a note for your colleagues", "Note for colleagues", "Add note"],
      private: ["Write a private reply", "Your private reply", "Send"],
      public: ["Write a reply that everybody can read", "Your reply", "Send"],
    }[kind];
    [box.placeholder] = words;
    box.setAttribute("aria-label", words[1]);
    $("[data-send-word]", form).textContent = words[2];
    count();
  };

  let asked = 0;
  const count = () => {
    const form = composer();
    const limit = Number(form?.dataset.limit);
    const isNote = form?.classList.contains("is-note");
    $("#counter").hidden = !limit || isNote;
    if (!limit || isNote) return allowSending(true);
    const text = textBox().value.trim();
    drawCount([...text].length, limit);
    // Whatever was asked before is about another text, an emptied one too.
    const mine = ++asked;
    if (form.dataset.plain === "yes" || !text) return;
    setTimeout(async () => {
      if (mine !== asked) return;
      const data = new FormData();
      data.set("text", text);
      try {
        const { length } = await post(form.dataset.count, data);
        if (mine === asked && length !== undefined) drawCount(length, limit);
      } catch {
        // The plain count stands; the server counts again when it is sent.
      }
    }, 250);
  };

  const NEAR = 20;
  const drawCount = (length, limit) => {
    const left = limit - length;
    const counter = $("#counter");
    $("output", counter).textContent = left < 0 ? `\u2212${-left}` : String(left);
    counter.title = `${length} of ${limit} characters`;
    counter.classList.toggle("is-near", left >= 0 && left <= NEAR);
    counter.classList.toggle("is-over", left < 0);
    $(".counter-fill", counter).setAttribute("stroke-dasharray", `${Math.min(100, (length / limit) * 100)} 100`);
    allowSending(left >= 0);
    if (left < 0 && !counter.dataset.told) announce(`Too long by ${-left} characters`);
    counter.dataset.told = left < 0 ? "yes" : "";
  };
  const allowSending = (allowed) => {
    for (const button of [$("#send"), $("#send-resolve")]) button.disabled = !allowed;
  };

  let isSending = false;
  const send = async (then, { force = false } = {}) => {
    const form = composer();
    if (!form || isSending || $("#send").disabled) return;
    if (!textBox().value.trim()) return textBox().focus();
    keepDraft();
    const id = openId();
    const next = neighbour(id);
    const data = new FormData(form);
    data.set("then", then);
    data.set("force", force ? "1" : "");
    isSending = true;
    form.setAttribute("aria-busy", "true");
    try {
      const said = await post(form.action, data);
      if (said.refused) return await hold(said, then);
      sentFrom(id);
      await done({ ...said, leaves: then === "resolve" }, id, next);
      if (then !== "resolve") textBox()?.focus();
    } catch (error) {
      release();
      hold({ refused: `Not sent. ${unreachable(error)}`, newer: 0 }, then);
    } finally {
      isSending = false;
      form.removeAttribute("aria-busy");
    }
  };

  const sentFrom = (id) => {
    keepText(id, "", "");
    release();
    if (openId() !== id) return;
    textBox().value = "";
    readComposer();
    keepDraft();
  };

  let heldThen = "";
  const hold = async (said, then) => {
    heldThen = then;
    const box = $("#held");
    $("[data-held-text]", box).textContent = said.refused;
    $("[data-held-more]", box).hidden = !said.newer;
    $("[data-held-acts]", box).hidden = !said.newer;
    box.hidden = false;
    textBox().focus();
    if (said.newer) {
      await refreshThread({ force: true });
      toBottom();
    }
  };
  const release = () => { $("#held")?.setAttribute("hidden", ""); };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-send-anyway]")) {
      release();
      void send(heldThen, { force: true });
    } else if (event.target.closest("[data-keep-editing]")) {
      release();
      setSeen();
      textBox().focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "composer-text" || event.isComposing) return;
    if (!(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const isNote = composer().classList.contains("is-note");
    void send(event.shiftKey && !isNote ? "resolve" : "");
  });

  const answerTo = async (url) => {
    const text = textBox()?.value ?? "";
    const fresh = await fragment(url).catch(() => null);
    const made = fresh && $("#composer", fresh);
    if (!made) return void toast("The server cannot be reached.", { kind: "danger" });
    $("#composer").replaceWith(made);
    if (textBox()) {
      textBox().value = text;
      readComposer();
      textBox().focus();
    }
    placeNews();
  };

  const copyDraft = () => {
    const box = textBox();
    if (!box?.value) return;
    if (navigator.clipboard) void navigator.clipboard.writeText(box.value).catch(() => {});
    else {
      box.select();
      document.execCommand("copy");
    }
    toast("Draft copied");
  };

  // ── What has been seen ────────────────────────────────────────────────────────────────────
  let newest = 0;
  const setSeen = () => {
    const field = composer()?.elements.seen;
    if (field && newest > Number(field.value)) field.value = newest;
  };
  const noteSeen = () => {
    if (!isAtBottom() || document.hidden) return;
    $("#thread-news")?.setAttribute("hidden", "");
    setSeen();
  };

  // ── Staying up to date ────────────────────────────────────────────────────────────────────
  const change = (old, fresh, morphStyle) => Idiomorph.morph(old, fresh, {
    morphStyle,
    // A field in use keeps what is typed; anything else with the focus is brought up to date.
    ignoreActiveValue: document.activeElement.matches("input, select, textarea"),
    callbacks: {
      // What somebody has unfolded stays unfolded.
      beforeAttributeUpdated: (name) => name !== "open",
    },
  });
  const morph = (old, fresh) => { if (old && fresh) change(old, fresh, "outerHTML"); };
  const isBusy = (part) => part && (part.contains(document.activeElement)
    && document.activeElement.matches("input, select, textarea")) || $(".menu[open]", part ?? document);

  const refreshThread = async ({ force = false } = {}) => {
    const id = openId();
    if (!id) return;
    const fresh = await fragment(thread().dataset.fresh, "pane");
    if (!fresh || openId() !== id) return;
    const wasAtBottom = isAtBottom();
    const other = $("#thread", fresh);
    thread().dataset.word = other?.dataset.word ?? "";
    for (const part of ["thread-head", "context"]) {
      const old = document.getElementById(part);
      if (force || !isBusy(old)) morphPart(part, fresh);
    }
    const arrived = mergeTimeline($("#latest", fresh));
    newest = Number($("input[name=seen]", fresh)?.value ?? 0);
    followTarget(fresh);
    htmx.process(thread());
    if (wasAtBottom) toBottom();
    else if (arrived) $("#thread-news").hidden = false;
    if (arrived) announce("A new message arrived in this conversation");
    noteSeen();
  };

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
      if (!known.has(old.id) && !isOlder) old.remove();
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

  // An answer goes to the newest message, unless another one was chosen.
  const followTarget = (fresh) => {
    const ours = composer()?.elements.message;
    const theirs = $("input[name=message]", fresh);
    if (ours && theirs && !$(".composer-target")) ours.value = theirs.value;
  };

  const listAddress = () => {
    const url = new URL(inbox.dataset.list, location.origin);
    if (openId()) url.searchParams.set("c", openId());
    return url;
  };

  let lastAnnounced = 0;
  const refreshList = async ({ force = false } = {}) => {
    const fresh = await fragment(listAddress());
    if (!fresh) return;
    const rows = $("#rows");
    const lines = [...fresh.children];
    const added = lines.filter((line) => line.dataset.id && !document.getElementById(line.id)).length;
    const isCalm = $("#list-scroll").scrollTop < 8 && rows.children.length <= lines.length + 2
      && !$("#list-scroll:hover");
    if (force || isCalm) {
      change(rows, lines, "innerHTML");
      $("#list-news").hidden = true;
    } else updateInPlace(lines, added);
    htmx.process(rows);
    if (added && Date.now() - lastAnnounced > 30_000) {
      lastAnnounced = Date.now();
      announce(`${added} new in this list`);
    }
  };

  const updateInPlace = (lines, added) => {
    const known = new Set(lines.map((line) => line.id));
    for (const line of lines) if (line.dataset.id) morph(document.getElementById(line.id), line);
    for (const old of $$("#rows .list-row").slice(0, lines.length)) {
      old.classList.toggle("is-gone", !known.has(old.id));
    }
    $("span", $("#list-news")).textContent = `${added} new`;
    if (added) $("#list-news").hidden = false;
  };

  const showNews = async () => {
    $("#list-scroll").scrollTop = 0;
    await refreshList({ force: true }).catch(() => {});
    focusLink(links()[0]);
  };

  const drawCounts = (counts) => {
    for (const [address, number] of Object.entries(counts)) {
      const text = number > 999 ? "999+" : String(number);
      for (const link of $$(".nav-link")) {
        const badge = link.getAttribute("href") === address && $(".nav-count", link);
        if (badge) badge.textContent = text;
      }
      if (address === inbox.dataset.home && $("#list-count")) $("#list-count").firstChild.data = text;
    }
  };

  const VISIBLE = 5000;
  const HIDDEN = 30_000;
  const LONGEST = 60_000;
  let failures = 0;
  let timer = 0;

  const poll = async () => {
    const url = new URL(inbox.dataset.updates, location.origin);
    url.searchParams.set("list", inbox.dataset.word);
    if (openId()) {
      url.searchParams.set("c", openId());
      url.searchParams.set("conversation", thread().dataset.word);
    }
    const response = await ask(url);
    if (response.status === 204) return;
    if (!response.ok) throw new Error(String(response.status));
    const said = await response.json();
    drawCounts(said.counts);
    const before = inbox.dataset.word;
    inbox.dataset.word = said.list;
    if (said.list !== before) await refreshList();
    if (said.conversation && thread() && said.conversation !== thread().dataset.word) await refreshThread();
  };

  const again = () => {
    const base = document.hidden ? HIDDEN : VISIBLE;
    const pause = Math.min(base * 2 ** failures, LONGEST) * (0.85 + Math.random() * 0.3);
    clearTimeout(timer);
    timer = setTimeout(keepPolling, pause);
  };

  const keepPolling = async () => {
    try {
      await poll();
      failures = 0;
    } catch (error) {
      if (error instanceof SignedOut) return void toast(unreachable(error), { kind: "danger" });
      failures += 1;
    }
    $("#offline").hidden = failures < 2;
    again();
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      failures = 0;
      void keepPolling();
    }
  });

  // Replies that can still be taken back count down.
  setInterval(() => {
    for (const state of $$("[data-due]")) {
      const left = Math.ceil((new Date(state.dataset.due) - Date.now()) / 1000);
      $("span", state).textContent = left > 0 ? `Sends in ${left} s` : "Sends now";
    }
  }, 500);

  // ── Keys ──────────────────────────────────────────────────────────────────────────────────
  const write = (isNote) => {
    const wanted = $$("input[name=surface]", composer() ?? document.createElement("i"))
      .find((each) => !each.disabled && (each.value === "note") === isNote);
    if (!wanted) return;
    wanted.checked = true;
    readComposer();
    textBox().focus();
  };
  const changePriority = () => {
    const field = $("#priority");
    if (!field) return;
    if (getComputedStyle($("#context")).display === "none") toggleContext();
    field.focus();
  };
  keys({
    j: () => step(1),
    k: () => step(-1),
    r: () => write(false),
    n: () => write(true),
    e: () => $("#resolve")?.click(),
    a: () => openMenu("assign-menu"),
    i: () => $("#assign-menu [value=me]")?.click(),
    s: () => openMenu("snooze-menu"),
    p: changePriority,
    "]": toggleContext,
  });

  begin();
  again();
})();
