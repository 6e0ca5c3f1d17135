// The composer: writing, counting, sending, and never losing a word. What is typed is kept in this
// browser at once and on the server at each pause; only when the server has it is the copy dropped.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const {
    $, $$, inbox, thread, openId, linkOf, whereNow, isStillAt, open, ask, post, fragment, unreachable,
    SignedOut,
  } = shared;
  const { announce, toast, keys, token, icon, bring, text } = window.earful;

  const composer = () => $("#composer-form");
  const textBox = () => $("#composer-text");
  const radios = () => $$("input[name=surface]", composer() ?? document.createElement("i"));
  const chosen = () => radios().find((each) => each.checked);
  const kind = () => chosen()?.dataset.kind ?? "note";
  const isNote = () => kind() === "note";

  // ── Drafts ────────────────────────────────────────────────────────────────────────────────
  const versions = new Map();
  const nameOf = (id, mode) => `${id}.${mode}`;
  const localKey = (id, mode) => `earful.draft.${inbox.dataset.agent}.${id}.${mode}`;
  const local = (id, mode) => {
    try {
      return JSON.parse(localStorage.getItem(localKey(id, mode)) ?? "null");
    } catch {
      return null;
    }
  };
  const keepLocal = (what) => {
    try {
      const version = versions.get(nameOf(what.id, what.mode)) ?? 0;
      const { text, saved } = what;
      localStorage.setItem(localKey(what.id, what.mode), JSON.stringify({ text, saved, version }));
    } catch { /* full or forbidden: the server still gets it */ }
  };
  const dropLocal = (id, mode) => {
    try { localStorage.removeItem(localKey(id, mode)); } catch { /* there was none */ }
  };

  const written = (radio = chosen()) => ({
    id: openId(),
    mode: radio.dataset.kind,
    url: composer().dataset.draft,
    text: radio.checked ? textBox().value : radio.dataset.draft,
    saved: radio.checked ? composer().elements.saved.value : radio.dataset.saved,
  });
  const isStill = (what) => composer() && openId() === what.id && kind() === what.mode
    && textBox().value === what.text;
  const kept = (error) => (error instanceof SignedOut
    ? text("Signed out. Kept in this browser.")
    : text("No connection. Kept in this browser."));
  const hint = (text) => {
    const place = $("[data-saved-hint]");
    if (place) place.textContent = text;
  };

  // The page that is asked for next may have been read before the words were kept: it needs the copy.
  let isLeaving = false;
  addEventListener("beforeunload", () => { isLeaving = true; });

  // One upload at a time, in the order of the writing.
  let flight = Promise.resolve();
  let pause = 0;
  const upload = (what) => {
    clearTimeout(pause);
    flight = flight.then(() => send(what));
    return flight;
  };
  const send = async (what) => {
    const name = nameOf(what.id, what.mode);
    // What is being sent is no draft any more; what is typed meanwhile becomes the next one.
    if (sending.has(name)) return;
    const data = new FormData();
    for (const field of ["text", "mode", "saved"]) data.set(field, what[field] ?? "");
    data.set("version", versions.get(name) ?? 0);
    try {
      const said = await post(what.url, data);
      if (said.conflict !== undefined) return isStill(what) && clash(said);
      if (said.refused) return isStill(what) && hint(said.refused);
      versions.set(name, said.version);
      if (!isLeaving && local(what.id, what.mode)?.text === what.text) dropLocal(what.id, what.mode);
      if (!isStill(what)) return;
      hint(what.text.trim() ? text("Draft saved") : "");
      draw(said);
      if (!$("#preview").hidden) void showPreview();
    } catch (error) {
      if (!isStill(what)) return;
      if ($("[data-saved-hint]").textContent !== kept(error)) announce(unreachable(error));
      hint(kept(error));
      later(TRY_AGAIN);
    }
  };
  const PAUSE = 400;
  const TRY_AGAIN = 5000;
  const later = (wait = PAUSE) => {
    clearTimeout(pause);
    pause = setTimeout(() => { if (composer()) void upload(written()); }, wait);
  };
  // Nothing that the server has already is sent again.
  const flush = () => {
    if (!composer()) return flight;
    const what = written();
    return local(what.id, what.mode) ? upload(what) : flight;
  };
  shared.draftsKept = () => flight;
  shared.isNote = isNote;
  addEventListener("online", () => void flush());
  document.addEventListener("visibilitychange", () => { if (document.hidden) void flush(); });

  document.addEventListener("input", (event) => {
    if (event.target.id !== "composer-text") return;
    isLeaving = false;
    if (!event.target.value) composer().elements.saved.value = "";
    keepLocal(written());
    count();
    later();
    pick();
  });

  // What this browser alone has is shown, and brought to the server.
  const restore = () => {
    const id = openId();
    for (const radio of radios()) {
      const mode = radio.dataset.kind;
      versions.set(nameOf(id, mode), Number(radio.dataset.version));
      const here = local(id, mode);
      if (!here || here.text === radio.dataset.draft) continue;
      versions.set(nameOf(id, mode), here.version);
      Object.assign(radio.dataset, { draft: here.text, saved: here.saved ?? "" });
    }
    const box = textBox();
    const now = chosen();
    // Words that the server gave back with a refusal stand here and nowhere else.
    if (box.value && box.value !== now.dataset.draft && !local(id, now.dataset.kind)) return read();
    const busy = now.dataset.draft ? now : radios().find((each) => each.dataset.draft && !each.disabled);
    show(busy ?? now);
    if (local(id, kind())) void upload(written());
  };

  const show = (radio) => {
    radio.checked = true;
    textBox().value = radio.dataset.draft;
    composer().elements.saved.value = radio.dataset.saved;
    read();
  };

  let last = null;
  document.addEventListener("change", (event) => {
    if (event.target.name !== "surface" || event.target.form !== composer()) return;
    const to = event.target;
    const from = last;
    const text = textBox().value;
    if (!from || from === to || !from.isConnected) return read();
    from.dataset.draft = text;
    from.dataset.saved = composer().elements.saved.value;
    // An answer may change its audience; what is for colleagues stays with colleagues.
    const moves = (text || attached().count || attached().isBusy) && !to.dataset.draft && from.dataset.kind !== "note" && to.dataset.kind !== "note";
    if (moves) {
      Object.assign(to.dataset, { draft: text, saved: from.dataset.saved });
      from.dataset.draft = "";
    }
    if (moves) shared.moveAttached?.(from.dataset.kind, to.dataset.kind);
    const left = written(from);
    keepLocal(left);
    void upload(left);
    show(to);
    if (moves) {
      keepLocal(written());
      later(0);
    } else later();
  });

  let theirs = null;
  const clash = (said) => {
    theirs = said;
    $("[data-conflict-text]").textContent = said.conflict;
    $("#conflict").hidden = false;
    placeNews();
  };
  const settle = (takeTheirs) => {
    $("#conflict").hidden = true;
    versions.set(nameOf(openId(), kind()), theirs.version);
    if (takeTheirs) {
      textBox().value = theirs.conflict;
      dropLocal(openId(), kind());
    }
    count();
    later(0);
    textBox().focus();
  };

  // ── What the form shows ───────────────────────────────────────────────────────────────────
  const WORDS = {
    note: [text("Write a note for your colleagues"), text("Note for colleagues"), text("Add note")],
    private: [text("Write a private reply"), text("Your private reply"), text("Send")],
    public: [text("Write a reply that everybody can read"), text("Your reply"), text("Send")],
  };
  const read = () => {
    const form = composer();
    if (!form) return;
    const mode = kind();
    last = chosen();
    form.classList.remove("is-note", "is-public", "is-private");
    form.classList.add(`is-${mode}`);
    const box = textBox();
    const [placeholder, label, word] = WORDS[mode];
    box.placeholder = placeholder;
    box.setAttribute("aria-label", label);
    $("[data-send-word]", form).textContent = word;
    for (const fact of $$("[data-for]", form)) fact.hidden = fact.dataset.for !== mode;
    for (const part of $$("[data-preview-toggle], [data-signs], [data-pick='/']", form)) part.hidden = mode === "note";
    $("[data-pick='@']", form).hidden = mode !== "note";
    $("#cautions").replaceChildren();
    if (mode === "note") closePreview();
    shared.closePicker?.();
    count();
    for (const way of $$("[data-attach]", form)) way.hidden = way.dataset.attach !== mode;
    void readAttached(mode);
  };

  // What attaches files is loaded where files are taken. Until then nothing is attached.
  let attaching = null;
  const readAttached = async (mode) => {
    const parts = $("#attached")?.dataset.parts;
    if (!parts) return;
    attaching ??= Promise.all(parts.split(" ").map(bring));
    await attaching.catch(() => { attaching = null; });
    if (mode === kind()) shared.readAttached?.(mode);
  };
  const attached = () => shared.attached?.() ?? {};
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-attach] input")) return;
    // In a form, Enter would send it; on a button it presses. Here, so that no key is lost meanwhile.
    event.preventDefault();
    event.target.click();
  });

  const signed = (text) => {
    const sign = composer().dataset.signOff;
    return sign && text && !text.endsWith(sign) ? `${text} ${sign}` : text;
  };
  // The browser counts at once. Where the channel counts otherwise, it goes on from the server's last
  // number by what people call characters, and the server's answer corrects it.
  const graphemes = new Intl.Segmenter();
  const lengthHere = () => {
    const words = signed(textBox().value.trim());
    return composer().dataset.plain ? [...words].length : [...graphemes.segment(words)].length;
  };
  let apart = 0;
  const count = () => {
    const limit = isNote() ? 0 : Number(chosen()?.dataset.limit);
    $("#counter").hidden = !limit;
    missing = 0;
    const length = lengthHere();
    drawCount(length && length + apart, limit);
  };
  let missing = 0;
  let isOver = false;
  const NEAR = 20;
  const drawCount = (length, limit) => {
    isOver = Boolean(limit) && length > limit;
    allowSending();
    if (!limit) return;
    const left = limit - length;
    const counter = $("#counter");
    $("output", counter).textContent = left < 0 ? `\u2212${-left}` : String(left);
    counter.title = text("%(n)s of %(limit)s characters", { n: length, limit });
    counter.classList.toggle("is-near", left >= 0 && left <= NEAR);
    counter.classList.toggle("is-over", isOver);
    $(".counter-fill", counter).setAttribute("stroke-dasharray", `${Math.min(100, (length / limit) * 100)} 100`);
    if (isOver && !counter.dataset.told) announce(text("Too long by %(n)s characters", { n: -left }));
    counter.dataset.told = isOver ? "yes" : "";
  };
  const allowSending = () => {
    for (const button of $$("[name=then]", composer())) button.disabled = isOver || missing > 0;
  };

  const draw = (said) => {
    if (said.length === undefined) return;
    missing = said.missing.length;
    apart = composer().dataset.plain ? 0 : said.length - lengthHere();
    drawCount(said.length, said.limit ?? 0);
    const cost = $("[data-cost]");
    cost.hidden = !said.cost;
    $("span", cost).textContent = said.cost;
    const lines = said.cautions.map((each) => caution(each.text));
    if (missing) {
      const names = said.missing.map((name) => `{${name}}`).join(", ");
      lines.unshift(caution(text("Nothing is known for %(names)s: write it yourself.", { names }), "is-missing"));
    }
    const place = $("#cautions");
    const before = place.textContent;
    const after = lines.map((line) => line.textContent).join("");
    if (before !== after) place.replaceChildren(...lines);
    placeNews();
  };
  const caution = (text, name = "") => {
    const line = document.createElement("p");
    line.className = `caution ${name}`;
    line.append(icon(name ? "circle-alert" : "triangle-alert"), text);
    return line;
  };

  // ── Sending ───────────────────────────────────────────────────────────────────────────────
  const sending = new Set();
  const submit = async (then, { force = false, accepted = "" } = {}) => {
    const form = composer();
    if (!form || sending.has(nameOf(openId(), kind())) || isOver || missing) return;
    if (attached().isBusy) return void toast(text("A picture is still on its way. Send when it is here."), { kind: "warn" });
    if (!textBox().value.trim() && (isNote() || !attached().count)) return textBox().focus();
    const id = openId();
    const mode = kind();
    const leaves = then === "resolve" || then.startsWith("snooze");
    const here = whereNow();
    sending.add(nameOf(id, mode));
    form.setAttribute("aria-busy", "true");
    const words = textBox().value;
    const data = new FormData(form);
    keepLocal(written());
    clearTimeout(pause);
    // A draft that is still on its way must not come back after it was sent.
    await flight;
    await attached().kept;
    data.set("then", then);
    data.set("force", force ? "1" : "");
    data.set("accepted", accepted);
    // What follows may be sent at once, though the page is still being brought up to date.
    const answered = () => {
      sending.delete(nameOf(id, mode));
      form.removeAttribute("aria-busy");
    };
    try {
      const said = await post(form.action, data).finally(answered);
      if (said.refused) return await hold(said, { then, force, accepted }, here);
      sent(id, mode, words);
      await shared.done({ ...said, leaves: leaves && mode !== "note" }, here);
      if (!leaves && isStillAt(here)) textBox()?.focus();
    } catch (error) {
      if (openId() === id) release();
      void hold({ refused: text("Not sent. %(why)s", { why: unreachable(error) }), newer: 0 }, { then, force, accepted }, here);
    } finally {
      if (composer() && local(openId(), kind())) later(0);
    }
  };

  // What was typed since then stays.
  const sent = (id, mode, words) => {
    const isHere = openId() === id && kind() === mode;
    const all = isHere ? textBox().value : local(id, mode)?.text ?? "";
    const since = all.startsWith(words) ? all.slice(words.length) : all;
    const rest = since.trim() ? since : "";
    versions.set(nameOf(id, mode), 0);
    if (rest) keepLocal({ id, mode, text: rest, saved: "" });
    else dropLocal(id, mode);
    const radio = openId() === id && radios().find((each) => each.dataset.kind === mode);
    if (radio) Object.assign(radio.dataset, { draft: rest, saved: "", version: 0 });
    if (openId() === id) release();
    if (!isHere) return;
    shared.dropAttached?.(mode);
    closePreview();
    const caret = textBox().selectionStart - (all.length - rest.length);
    show(radio);
    if (rest) textBox().setSelectionRange(caret, caret);
    hint("");
  };

  let held = {};
  const hold = async (said, wanted, here) => {
    if (openId() !== here.id) return void toast(said.refused, { kind: "danger" });
    const codes = [wanted.accepted, said.doubts].filter(Boolean).join(",");
    held = { ...wanted, force: wanted.force || said.newer > 0, accepted: codes };
    const box = $("#held");
    $("[data-held-text]", box).textContent = said.refused;
    $("[data-held-more]", box).hidden = !said.newer;
    $("[data-held-acts]", box).hidden = !said.newer && !said.doubts;
    box.hidden = false;
    placeNews();
    if (isStillAt(here)) textBox().focus();
    if (said.newer) {
      await shared.refreshThread({ force: true });
      shared.toBottom();
    }
  };
  const release = () => {
    $("#held")?.setAttribute("hidden", "");
    placeNews();
  };

  // A reply that was taken back stands before what has been typed since.
  const putBack = async ({ id, text, mode, version, held }) => {
    versions.set(nameOf(id, mode), version);
    if (openId() !== id) {
      const link = linkOf(id);
      if (!link) return;
      await open(link.href, { focus: false });
    } else {
      const radio = radios().find((each) => each.dataset.kind === mode && !each.disabled);
      if (!radio) return;
      const typed = radio.checked ? textBox().value : radio.dataset.draft;
      radio.dataset.draft = typed.trim() && !text.endsWith(typed) ? `${text}\n\n${typed}` : text;
      show(radio);
      keepLocal(written());
      later(0);
    }
    if (isStillAt({ held })) textBox()?.focus();
  };

  const answerTo = async (url) => {
    const here = whereNow();
    await flush();
    const fresh = await fragment(url).catch(() => null);
    const made = fresh && $("#composer", fresh);
    if (!made) return void toast(text("The server cannot be reached."), { kind: "danger" });
    // It is another message that is answered, not another page that was read.
    for (const name of shared.SEEN) $(`[name=${name}]`, made).value = composer().elements[name].value;
    $("#composer").replaceWith(made);
    begin();
    if (isStillAt(here)) textBox()?.focus();
  };

  const copyDraft = () => {
    const box = textBox();
    if (!box?.value) return;
    if (navigator.clipboard) void navigator.clipboard.writeText(box.value).catch(() => {});
    else {
      box.select();
      document.execCommand("copy");
    }
    toast(text("Draft copied"));
  };

  // ── Preview ───────────────────────────────────────────────────────────────────────────────
  // Of several that were asked for the last one is shown, and none that comes after the closing.
  let previewAsked = 0;
  const showPreview = async () => {
    const mine = ++previewAsked;
    const data = new FormData();
    data.set("csrf_token", token());
    data.set("text", textBox().value);
    data.set("mode", kind());
    data.set("message", composer().elements.message.value);
    try {
      const response = await ask(composer().dataset.preview, { method: "POST", body: data });
      if (!response.ok) return;
      const made = document.createElement("template");
      made.innerHTML = await response.text();
      if (mine !== previewAsked) return;
      $("#preview").replaceChildren(made.content);
      $("#preview").hidden = false;
      $("[data-preview-toggle]").setAttribute("aria-expanded", "true");
      placeNews();
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    }
  };
  const closePreview = () => {
    previewAsked += 1;
    if (!$("#preview")) return;
    $("#preview").hidden = true;
    $("[data-preview-toggle]").setAttribute("aria-expanded", "false");
    placeNews();
  };
  shared.renewPreview = () => { if ($("#preview") && !$("#preview").hidden) void showPreview(); };
  shared.placeNews = () => placeNews();
  shared.preview = () => {
    if (!composer() || isNote()) return;
    if ($("#preview").hidden) void showPreview();
    else closePreview();
  };

  // ── Saved replies and colleagues ──────────────────────────────────────────────────────────
  // Their list comes with the first sign that may ask for it (picker.js).
  const pick = () => {
    const { picker } = inbox.dataset;
    if (!picker || !/[/@]/u.test(textBox().value)) return;
    inbox.dataset.picker = "";
    bring(picker).catch(() => { inbox.dataset.picker = picker; });
  };
  const startPicking = (sign) => {
    const box = textBox();
    const at = box.selectionStart;
    const gap = at && !/\s/u.test(box.value[at - 1]) ? " " : "";
    box.focus();
    box.setRangeText(gap + sign, at, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // ── What the other parts tell ─────────────────────────────────────────────────────────────
  const placeNews = () => {
    const wrap = $("#composer");
    // Where the composer ends is known only here. It is kept on what is never drawn anew.
    if (wrap) $("#pane").style.setProperty("--news-bottom", `${wrap.offsetHeight + 12}px`);
  };
  const begin = () => {
    if (thread() && composer()) restore();
    placeNews();
  };
  // An answer goes to the newest message, unless another one was chosen.
  const followTarget = (fresh) => {
    const ours = composer()?.elements.message;
    const theirs = $("input[name=message]", fresh);
    if (ours && theirs && !$(".composer-target")) ours.value = theirs.value;
  };
  document.addEventListener("inbox:opened", begin);
  document.addEventListener("inbox:leaving", () => void flush());
  document.addEventListener("inbox:refreshed", (event) => followTarget(event.detail.fresh));
  document.addEventListener("inbox:undone", (event) => void putBack(event.detail));

  document.addEventListener("submit", (event) => {
    if (event.target.id !== "composer-form") return;
    event.preventDefault();
    void submit("");
  });
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    const sends = on("#composer-form [name=then]");
    if (sends) {
      event.preventDefault();
      $("#send-menu").open = false;
      return void submit(sends.value);
    }
    const answer = on("[data-answer]");
    if (answer && event.button === 0) {
      event.preventDefault();
      return void answerTo(answer.dataset.answer);
    }
    if (on("[data-send-anyway]")) {
      release();
      void submit(held.then, held);
    } else if (on("[data-keep-editing]")) {
      release();
      shared.setSeen();
      textBox().focus();
    } else if (on("[data-take-theirs]")) settle(true);
    else if (on("[data-keep-mine]")) settle(false);
    else if (on("[data-copy-draft]")) copyDraft();
    else if (on("[data-preview-toggle]")) shared.preview();
    else if (on("[data-media]")) toast(on("[data-media]").dataset.media, { kind: "warn" });
    else if (on("[data-pick]")) startPicking(on("[data-pick]").dataset.pick);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "composer-text" || event.isComposing) return;
    if (!(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void submit(event.shiftKey && !isNote() ? "resolve" : "");
  });

  const write = (asNote) => {
    const wanted = radios().find((each) => !each.disabled && (each.value === "note") === asNote);
    if (!wanted && !asNote && composer()) {
      // What is typed next must not be taken for single keys.
      toast(text("No reply can be written here. This is a note for colleagues."), { kind: "warn" });
      return write(true);
    }
    if (!wanted) return;
    if (!wanted.checked) {
      wanted.checked = true;
      wanted.dispatchEvent(new Event("change", { bubbles: true }));
    }
    textBox().focus();
  };
  keys({
    r: () => (isNote() ? write(false) : textBox()?.focus()),
    n: () => write(true),
  });
})();
