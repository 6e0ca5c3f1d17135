// The composer: writing, counting, sending, and never losing a word.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, inbox, thread, openId, linkOf, neighbour, open, post, fragment, unreachable, done } = shared;
  const { announce, toast, keys } = window.earful;

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
      await shared.refreshThread({ force: true });
      shared.toBottom();
    }
  };
  const release = () => { $("#held")?.setAttribute("hidden", ""); };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-send-anyway]")) {
      release();
      void send(heldThen, { force: true });
    } else if (event.target.closest("[data-keep-editing]")) {
      release();
      shared.setSeen();
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

  const placeNews = () => {
    const wrap = $("#composer");
    // Where the composer ends is known only here. It is kept on what is never swapped: htmx copies
    // attributes to what it swaps in, and the security policy forbids that for styles.
    if (wrap) $("#pane").style.setProperty("--news-bottom", `${wrap.offsetHeight + 12}px`);
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

  // An answer goes to the newest message, unless another one was chosen.
  const followTarget = (fresh) => {
    const ours = composer()?.elements.message;
    const theirs = $("input[name=message]", fresh);
    if (ours && theirs && !$(".composer-target")) ours.value = theirs.value;
  };

  const write = (isNote) => {
    const wanted = $$("input[name=surface]", composer() ?? document.createElement("i"))
      .find((each) => !each.disabled && (each.value === "note") === isNote);
    if (!wanted) return;
    wanted.checked = true;
    readComposer();
    textBox().focus();
  };

  // ── What the other parts tell ─────────────────────────────────────────────────────────────
  document.addEventListener("inbox:opened", () => {
    if (!thread()) return;
    readComposer();
    restoreDraft();
    placeNews();
  });
  document.addEventListener("inbox:leaving", keepDraft);
  document.addEventListener("inbox:refreshed", (event) => followTarget(event.detail.fresh));
  document.addEventListener("inbox:undone", (event) => returnTo(event.detail.id, event.detail.text));
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "composer-form") return;
    event.preventDefault();
    void send(event.submitter?.value ?? "");
  });
  document.addEventListener("click", (event) => {
    const answer = event.target.closest("[data-answer]");
    if (answer && event.button === 0) {
      event.preventDefault();
      return void answerTo(answer.dataset.answer);
    }
    if (event.target.closest("[data-copy-draft]")) copyDraft();
  });
  keys({ r: () => write(false), n: () => write(true) });
})();
