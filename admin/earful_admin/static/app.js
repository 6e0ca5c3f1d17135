// What every page shares: forged-request token, toasts, dialogs, focus, keys, theme.
// Other scripts use `window.earful`.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const token = () => $('meta[name="csrf-token"]').content;
  const icon = (name) => {
    const sprite = $("use[href*='icons.svg']")?.getAttribute("href").split("#")[0] ?? "";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(svg.namespaceURI, "use");
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  };

  // ── Texts ─────────────────────────────────────────────────────────────────────────────────
  // English stands in the scripts; a page in another language loads what replaces it.
  const filled = (form, facts) => form.replace(/%\((\w+)\)s/g, (all, name) => facts[name] ?? all);
  const text = (english, facts = {}) => filled(window.earfulTexts?.texts[english] ?? english, facts);
  const ntext = (one, many, n, facts = {}) => {
    const { texts, plural } = window.earfulTexts ?? {};
    const form = texts?.[one]?.[plural(n)] ?? (n === 1 ? one : many);
    return filled(form, { n, ...facts });
  };

  // ── Saying things ─────────────────────────────────────────────────────────────────────────
  const announce = (text) => {
    const region = $("#announcer");
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  };

  // Whoever presses a button of a message goes on where they were before.
  let before = null;
  document.addEventListener("focusin", ({ target }) => {
    if (!target.closest("#toasts")) before = target;
  });
  const removeToast = (box) => {
    const held = box.contains(document.activeElement);
    box.remove();
    if (held) (before?.isConnected && before.checkVisibility() ? before : $("#main")).focus({ preventScroll: true });
  };

  const SHOWN_FOR = 10_000;
  const tend = (toast) => {
    $("[data-dismiss]", toast)?.addEventListener("click", () => removeToast(toast));
    if (toast.classList.contains("toast-danger")) return;
    // Whoever is reading or about to press "Undo" gets the time for it.
    const held = () => toast.matches(":hover") || toast.contains(document.activeElement);
    const leave = () => (held() ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, SHOWN_FOR);
  };

  const toast = (said, { kind = "ok" } = {}) => {
    const box = document.createElement("div");
    box.className = `toast toast-${kind}`;
    const names = { warn: "triangle-alert", danger: "circle-alert" };
    const words = document.createElement("span");
    words.className = "toast-text";
    words.textContent = said;
    box.append(icon(names[kind] ?? "circle-check"), words);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "icon-button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", text("Dismiss"));
    close.append(icon("x"));
    box.append(close);
    $("#toasts").append(box);
    tend(box);
    return box;
  };

  const undoButton = (undo) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast-undo";
    button.setAttribute("aria-keyshortcuts", "z");
    button.textContent = text("Undo");
    button.addEventListener("click", undo);
    return button;
  };

  // ── Focus ─────────────────────────────────────────────────────────────────────────────────
  // What carries data-focus gets the focus once it is on the page: headings, error summaries.
  const focusMarked = (root) => {
    const target = root.matches?.("[data-focus]") ? root : $("[data-focus]", root);
    if (!target) return;
    if (!target.matches("a, button, input, select, textarea, [tabindex]")) target.tabIndex = -1;
    target.focus();
    target.removeAttribute("data-focus");
  };

  // What has the focus may be drawn anew or be gone after a change: then its like gets it, else what
  // is near. To be called before the change; what it returns, afterwards.
  const CONTROLS = "button, a[href], select, textarea, input:not([type=hidden])";
  const signs = (node) => [
    node.id, node.value, node.form && `${node.tagName} ${node.form.getAttribute("action")}`, node.textContent.trim(),
  ];
  const near = (place, wanted) => {
    const all = [...place.querySelectorAll(CONTROLS)].filter((each) => each.checkVisibility());
    const like = wanted.map((sign, at) => sign && all.find((each) => signs(each)[at] === sign)).find(Boolean);
    // A line in which nothing can be pressed, as one of the timeline, takes it itself.
    const isLine = place.matches("li") && !all.length;
    return like ?? (isLine || place.hasAttribute("tabindex") ? place : all[0]);
  };
  const holdFocus = (held = document.activeElement) => {
    if (!held || held === document.body) return () => {};
    const around = [];
    const inside = held.form?.contains(held) ? held.form : held;
    for (let each = inside; each && each !== document.body; each = each.parentElement) around.push(each);
    const wanted = signs(held);
    return () => {
      if (document.activeElement !== document.body) return;
      const isLeft = (each) => each?.isConnected && each.checkVisibility();
      let target = [held, document.getElementById(held.id)].find(isLeft);
      for (const place of around.filter(isLeft)) target ??= near(place, wanted);
      target ??= $("#thread-title") ?? $("#main");
      if (target.tabIndex < 0) target.tabIndex = -1;
      target.focus({ preventScroll: true });
    };
  };

  // ── What only some need ───────────────────────────────────────────────────────────────────
  const bring = (address) => new Promise((resolve, reject) => {
    const isStyle = address.split("?")[0].endsWith(".css");
    const part = document.createElement(isStyle ? "link" : "script");
    // Without `async`, scripts run in the order in which they are named.
    Object.assign(part, isStyle ? { rel: "stylesheet", href: address } : { async: false, src: address });
    part.addEventListener("load", resolve);
    part.addEventListener("error", reject);
    document.head.append(part);
  });

  // ── Dialogs ───────────────────────────────────────────────────────────────────────────────
  const open = (id) => {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) return open(opener.dataset.opens);
    if (event.target.closest("[data-palette]")) return void openPalette();
    if (event.target.closest("[data-closes]")) return event.target.closest("dialog").close();
    // A click outside: on the dialog itself, not on anything in it.
    if (event.target.matches("dialog.dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right
        && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const dialog = $("#confirm");
    if (!form.dataset.confirm || form.dataset.confirmed || !dialog) return;
    event.preventDefault();
    event.stopPropagation();
    $("h2", dialog).textContent = form.dataset.confirm;
    $("p", dialog).textContent = form.dataset.confirmText ?? "";
    $("[data-confirm-yes]", dialog).textContent = form.dataset.confirmLabel || text("Continue");
    dialog.returnValue = "no";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    };
    dialog.showModal();
  }, true);

  // ── Theme ─────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-form]")) return;
    event.preventDefault();
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (document.documentElement.dataset.theme === "auto"
        && matchMedia("(prefers-color-scheme: dark)").matches);
    const chosen = dark ? "light" : "dark";
    const data = new FormData(event.target);
    data.set("theme", chosen);
    document.documentElement.dataset.theme = chosen;
    drawThemeButtons(chosen);
    document.dispatchEvent(new CustomEvent("earful:theme", { detail: chosen }));
    fetch(event.target.action, { method: "POST", body: data, redirect: "manual" })
      .catch(() => toast(text("The theme could not be kept."), { kind: "warn" }));
  });
  const drawThemeButtons = (current) => {
    const next = current === "dark" ? "light" : "dark";
    for (const button of document.querySelectorAll("[data-theme-form] button")) {
      button.title = next === "light" ? text("Switch to light theme") : text("Switch to dark theme");
      button.setAttribute("aria-label", button.title);
      button.replaceChildren(icon(next === "light" ? "sun" : "moon"));
    }
  };

  // ── Keys ──────────────────────────────────────────────────────────────────────────────────
  const EDITABLE = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
  const keysAreOn = () => document.documentElement.dataset.keys !== "off";
  // Single keys act only where nobody types, with no dialog open, and can be switched off.
  const keys = (bindings) => tinykeys.tinykeys(window, Object.fromEntries(
    Object.entries(bindings).map(([key, act]) => [key, (event) => {
      if (!keysAreOn() || event.target.closest?.(EDITABLE) || $("dialog[open]")) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act(event);
    }]),
  ));
  // The palette opens at once, so that what is typed meanwhile is typed there; its script follows.
  let palette = null;
  const openPalette = async () => {
    const dialog = $("#palette");
    if (!dialog) return;
    if (dialog.open) return dialog.close();
    $("#menu")?.close();
    if ($("dialog[open]")) return;
    dialog.showModal();
    let isEntered = false;
    const noteEnter = (event) => { isEntered ||= event.key === "Enter"; };
    dialog.addEventListener("keydown", noteEnter);
    palette ??= Promise.all(dialog.dataset.parts.split(" ").map(bring));
    try {
      await palette;
      dialog.removeEventListener("keydown", noteEnter);
      if (dialog.open) window.earful.readCommands(isEntered);
    } catch {
      palette = null;
      dialog.close();
      toast(text("The server cannot be reached. Check your connection."), { kind: "danger" });
    }
  };
  const bindKeys = () => {
    // Not a single key: it works while somebody types, and cannot be switched off.
    const opensPalette = { "$mod+k": (event) => { event.preventDefault(); void openPalette(); } };
    tinykeys.tinykeys(window, opensPalette, { ignore: (event) => event.repeat || event.isComposing });
    const bindings = {
      "?": () => open("help"),
      "/": () => $("[data-search]")?.focus(),
      z: () => [...document.querySelectorAll("#toasts .toast-undo")].at(-1)?.click(),
    };
    // Where these need Shift depends on the keyboard.
    for (const key of ["?", "/"]) bindings[`Shift+${key}`] = bindings[key];
    for (const link of document.querySelectorAll(".nav [data-go]")) {
      bindings[`g ${link.dataset.go}`] = () => link.click();
    }
    keys(bindings);
  };
  const drawKeySwitches = () => {
    for (const box of document.querySelectorAll("[data-keys-switch]")) box.checked = keysAreOn();
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-switch]")) return;
    const state = event.target.checked ? "on" : "off";
    document.documentElement.dataset.keys = state;
    try { localStorage.setItem("earful.keys", state); } catch { /* for this page only */ }
    drawKeySwitches();
  });

  // ── Start ─────────────────────────────────────────────────────────────────────────────────
  window.earful = {
    text, ntext, announce, toast, removeToast, undoButton, holdFocus, open, keys, focusMarked, token, icon, bring,
  };
  document.querySelectorAll(".toast").forEach(tend);
  $(".nav [aria-current]")?.scrollIntoView({ block: "nearest" });
  focusMarked(document.body);
  drawKeySwitches();
  bindKeys();
  if (document.documentElement.dataset.theme === "auto"
    && matchMedia("(prefers-color-scheme: dark)").matches) drawThemeButtons("dark");
})();
