// Files beside an answer: chosen, pasted or dropped, described, and taken away again. The server keeps
// them from the moment they are here; what stands in the list is what is sent. composer.js loads this
// where files are taken.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, openId, whereNow, isStillAt, fragment, post, unreachable } = shared;
  const { announce, toast, token, text } = window.earful;

  const place = () => $("#attached");
  const list = (mode) => $(`.attached-list[data-mode="${mode}"]`, place() ?? document.createElement("i"));
  const now = () => $("input[name=surface]:checked")?.dataset.kind ?? "note";
  const items = (mode = now()) => (list(mode) ? $$(".attached[data-attachment]", list(mode)) : []);
  const ways = () => $$("[data-attach]");
  const way = () => ways().find((each) => each.dataset.attach === now());
  const query = (mode) => new URLSearchParams({ mode, message: $("#composer-form").elements.message.value });

  // ── What the composer asks ────────────────────────────────────────────────────────────────
  // One change at a time, in the order they were made.
  let flight = Promise.resolve();
  let running = 0;
  const inTurn = (work) => {
    flight = flight.then(work).catch((error) => tell(unreachable(error)));
    return flight;
  };
  shared.attached = () => ({ count: items().length, isBusy: running > 0, kept: keepAlts() });
  shared.readAttached = (mode) => {
    if (!place()) return;
    for (const each of $$(".attached-list", place())) each.hidden = each.disabled = each.dataset.mode !== mode;
    changed();
  };
  shared.dropAttached = (mode) => {
    const gone = list(mode);
    if (gone) $("ul", gone).replaceChildren();
    clearErrors();
    changed();
  };
  shared.moveAttached = (mode, to) => {
    // One that is still on its way goes along once it is there.
    if (!items(mode).length && !running) return;
    const [from, target, address] = [list(mode), list(to), `${place().dataset.move}?${query(mode)}&to=${to}`];
    // They are shown where they go at once; the server's list says what cannot be sent there.
    if (target) $("ul", target).append(...$$(".attached", from));
    const id = openId();
    void inTurn(async () => {
      const said = await change(address, { method: "POST" });
      if (openId() === id) {
        if (from) $("ul", from).replaceChildren();
        fill(to, said);
      }
      const problem = list(to) && $("[data-problem]", list(to));
      if (problem) announce(problem.textContent);
    });
  };

  const change = async (url, options) => {
    const response = await shared.ask(url, { headers: { "X-CSRFToken": token() }, ...options });
    if (response.ok) return response.text();
    const isJson = response.headers.get("Content-Type")?.includes("json");
    throw new Refused(isJson ? (await response.json()).refused : text("The server could not do that. Load the page again."));
  };
  class Refused extends Error {}

  const fill = (mode, html) => {
    const where = list(mode);
    if (!where) return;
    const box = document.createElement("template");
    box.innerHTML = html;
    // What is being typed is newer than what the server knows.
    for (const field of $$("[data-alt]", where)) {
      const fresh = box.content.getElementById(field.id);
      if (fresh && field === document.activeElement) fresh.value = field.value;
    }
    const focused = where.contains(document.activeElement) ? document.activeElement.id : "";
    $("ul", where).replaceChildren(box.content);
    if (focused) document.getElementById(focused)?.focus();
    for (const field of $$("[data-alt]", where)) count(field);
    changed();
  };

  const changed = () => {
    const pictures = $("[data-send-pictures]");
    const made = items().map((each) => {
      const picture = $(".attached-picture", each).cloneNode();
      picture.className = "send-picture";
      return picture;
    });
    pictures?.replaceChildren(...made);
    shared.placeNews?.();
    shared.renewPreview?.();
  };

  // ── Errors ────────────────────────────────────────────────────────────────────────────────
  const tell = (words) => {
    const box = place() && $("[data-attach-errors]", place());
    if (!box) return void toast(words, { kind: "danger" });
    const line = document.createElement("p");
    line.className = "caution is-missing";
    line.append(window.earful.icon("circle-alert"), words);
    box.append(line);
    shared.placeNews?.();
  };
  const clearErrors = () => place() && $("[data-attach-errors]", place()).replaceChildren();

  // ── Taking files ──────────────────────────────────────────────────────────────────────────
  const take = (files) => {
    if (!files.length || !place()) return;
    clearErrors();
    const button = way();
    if (!button) return tell(text("A note takes no attachments."));
    if (button.dataset.media) return tell(button.dataset.media);
    const largest = Number(place().dataset.largest);
    for (const file of files) {
      if (file.size > largest) tell(text("%(name)s is too large: at most %(most)s MB are taken.", { name: file.name, most: largest / 1e6 }));
      else upload(file, files.length === 1);
    }
  };

  const upload = (file, isAlone) => {
    const mode = now();
    const here = whereNow();
    const { id } = here;
    const url = `${place().dataset.url}?${query(mode)}&name=${encodeURIComponent(file.name)}`;
    const line = waiting(file.name);
    $("ul", list(mode)).append(line);
    running += 1;
    shared.placeNews?.();
    void inTurn(async () => {
      try {
        const html = await send(url, file, (part) => { $("progress", line).value = part; });
        if (openId() !== id) return;
        line.remove();
        const before = new Set(items(mode).map((each) => each.dataset.attachment));
        const others = $$(".attached.is-waiting", list(mode));
        fill(mode, html);
        $("ul", list(mode)).append(...others);
        const made = items(mode).find((each) => !before.has(each.dataset.attachment));
        announce(text("%(name)s is attached", { name: file.name }));
        const isTyping = document.activeElement === $("#composer-text");
        if (isAlone && mode === now() && isStillAt(here) && !isTyping) made?.querySelector("[data-alt]")?.focus();
      } catch (error) {
        line.remove();
        tell(error instanceof Refused ? `${file.name}: ${error.message}` : unreachable(error));
      } finally {
        running -= 1;
        shared.placeNews?.();
      }
    });
  };

  const waiting = (name) => {
    const line = document.createElement("li");
    line.className = "attached is-waiting";
    const words = document.createElement("bdi");
    words.className = "truncate";
    words.textContent = name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", text("Uploading %(name)s", { name }));
    line.append(words, bar);
    return line;
  };

  // Only this kind of request tells how far it is.
  const send = (url, file, progress) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    request.onerror = () => reject(new Error("unreachable"));
    request.onload = () => {
      const kind = request.getResponseHeader("Content-Type") ?? "";
      if (request.status === 200 && request.responseURL.includes("/attachments?")) return resolve(request.responseText);
      const refused = kind.includes("json") ? JSON.parse(request.responseText).refused : "";
      if (request.status === 413) return reject(new Refused(text("It is too large.")));
      if (request.status === 401 || request.status === 200) return reject(new Refused(text("You are signed out. Sign in again.")));
      return reject(new Refused(refused || text("The server could not do that. Load the page again.")));
    };
    request.send(file);
  });

  // ── Descriptions ──────────────────────────────────────────────────────────────────────────
  const PAUSE = 400;
  const unsaved = new Map();
  const count = (field) => {
    const item = field.closest(".attached");
    const words = field.value.trim();
    $("[data-alt-count]", item).textContent = `${[...words].length}/${field.maxLength}`;
    $("[data-alt-none]", item).hidden = words !== "";
  };
  const keepAlt = (field) => {
    clearTimeout(unsaved.get(field));
    unsaved.delete(field);
    const data = new FormData();
    data.set("alt", field.value);
    return inTurn(async () => {
      const said = await post(field.dataset.alt, data);
      if (said.refused) tell(said.refused);
    });
  };
  const keepAlts = () => Promise.all([...unsaved.keys()].map(keepAlt)).then(() => flight);
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches("[data-alt]")) return;
    count(field);
    clearTimeout(unsaved.get(field));
    unsaved.set(field, setTimeout(() => void keepAlt(field), PAUSE));
    shared.placeNews?.();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-alt]") || event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    // In a description, Enter does not send.
    event.preventDefault();
    $("#composer-text").focus();
  });

  // ── Taking away ───────────────────────────────────────────────────────────────────────────
  const remove = (button) => {
    const item = button.closest(".attached");
    const name = $("[data-name]", item).textContent;
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const url = button.dataset.remove;
    item.remove();
    clearErrors();
    changed();
    const follower = next && $("[data-remove]", next);
    (follower ?? $("input", way() ?? item) ?? $("#composer-text")).focus();
    announce(text("%(name)s is removed", { name }));
    void inTurn(async () => {
      const said = await post(url, new FormData());
      if (said.refused) tell(said.refused);
    });
  };

  // ── What people do ────────────────────────────────────────────────────────────────────────
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-attach] input")) return;
    const files = [...event.target.files];
    event.target.value = "";
    take(files);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (button) remove(button);
  });
  document.addEventListener("paste", (event) => {
    if (!event.target.closest("#composer-form") || !event.clipboardData) return;
    const files = [...event.clipboardData.files];
    // What comes with words, from a document say, is pasted as words.
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    take(files);
  });
  const holdsFiles = (event) => event.target.closest?.("#composer") && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    $("#composer-form")?.classList.add("is-dropping");
  });
  for (const name of ["dragleave", "drop", "dragend"]) {
    document.addEventListener(name, () => $("#composer-form")?.classList.remove("is-dropping"));
  }
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  // What was taken back stands beside the words again.
  document.addEventListener("inbox:undone", (event) => {
    const { id, mode } = event.detail;
    if (openId() !== id || !list(mode)) return;
    const url = `${place().dataset.url}?${query(mode)}`;
    void inTurn(async () => {
      const fresh = await fragment(url);
      if (!fresh || openId() !== id) return;
      const box = document.createElement("div");
      box.append(fresh);
      fill(mode, box.innerHTML);
    });
  });
  document.addEventListener("inbox:leaving", () => void keepAlts());
})();
