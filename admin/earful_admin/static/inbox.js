// The inbox: moving along the list, opening and leaving, acting. Staying up to date and selecting
// is list.js, the open conversation conversation.js, the person beside it person.js, what is written
// composer.js. Everything shown comes as HTML. What only an open conversation needs is loaded with
// the first one. They share `earful.inbox`, and hear of each other by events: `inbox:opened`,
// `inbox:leaving`, `inbox:refreshed` with the fresh page's part, `inbox:undone` with a reply's text,
// `inbox:listed` when the list grew, `inbox:seen` on what waited to be seen.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const inbox = $("#inbox");
  if (!inbox) return;
  const { toast, removeToast, undoButton, holdFocus, keys, token, bring, text } = window.earful;
  const NARROW = matchMedia("(max-width: 859.98px)");
  const thread = () => $("#thread");
  // conversation.js and list.js put their own in the place of these.
  const shared = window.earful.inbox = {
    takeReady: () => "", refreshThread: async () => {}, changeRows: () => false, openRowsMenu: () => false,
  };
  const tell = (what, detail = {}) => document.dispatchEvent(new CustomEvent(`inbox:${what}`, { detail }));
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
    return { refused: text("The server could not do that. Load the page again."), newer: 0, ...said };
  };

  const parsed = (html) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    return box.content;
  };
  const fragment = async (url, target = "") => {
    const headers = target ? { "HX-Request": "true", "HX-Target": target } : {};
    const response = await ask(url, { headers });
    return response.ok ? parsed(await response.text()) : null;
  };

  const unreachable = (error) => (error instanceof SignedOut
    ? text("You are signed out. What you wrote is kept in this browser: sign in again.")
    : text("The server cannot be reached. What you wrote is kept in this browser."));

  // A part of the page that `owner` stands for, once at a time. What the server says with it is
  // shown, and why it does not come.
  const owners = new Set();
  const part = async (owner, url, options = {}) => {
    if (owners.has(owner)) return null;
    owners.add(owner);
    try {
      const headers = { "HX-Request": "true", "X-CSRFToken": token() };
      const response = await ask(url, { headers, ...options });
      const { toast: said } = JSON.parse(response.headers.get("HX-Trigger") ?? "{}");
      if (said) toast(said.text, said);
      if (response.ok && owner.isConnected) return parsed(await response.text());
      if (!response.ok && !said) toast(text("The server could not do that. Load the page again."), { kind: "danger" });
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    } finally {
      owners.delete(owner);
    }
    return null;
  };

  // What is fetched only once somebody sees it. Whatever draws anew calls `watch`.
  const sight = new IntersectionObserver((all) => {
    for (const { target } of all.filter((each) => each.isIntersecting)) {
      sight.unobserve(target);
      target.dispatchEvent(new CustomEvent("inbox:seen", { bubbles: true }));
    }
  });
  const watch = () => $$("[data-on-sight]").forEach((each) => sight.observe(each));

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

  // Where somebody is when they begin something. What takes time moves the focus only from there: in
  // the meantime they may have gone elsewhere, and what they type there must not become keys here.
  const whereNow = (id = openId()) => ({ id, next: neighbour(id), held: document.activeElement });
  const isStillAt = ({ held }) => [held, document.body].includes(document.activeElement);

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

  // ── What only an open conversation needs ──────────────────────────────────────────────────
  const parts = new Map();
  const bringPart = (address) => {
    if (!parts.has(address)) {
      parts.set(address, bring(address));
      parts.get(address).catch(() => parts.delete(address));
    }
    return parts.get(address);
  };
  const bringParts = () => Promise.all(inbox.dataset.parts.split(" ").filter(Boolean).map(bringPart));
  // Whoever points at a conversation, or moves to it by keys, is likely to open it.
  for (const intent of ["pointerover", "focusin"]) {
    document.addEventListener(intent, (event) => {
      if (event.target.closest(".row-link, [data-open]")) bringParts().catch(() => {});
    });
  }

  // ── Opening and leaving ───────────────────────────────────────────────────────────────────
  const paneAt = async (url) => {
    const response = await ask(url, { headers: { "HX-Request": "true", "HX-Target": "pane" } });
    if (!response.ok) throw new Error(String(response.status));
    return response.text();
  };

  // Of several that are opened the last one is shown, in whatever order they come.
  let opening = 0;
  const open = async (url, { focus = true } = {}) => {
    if (!url) return;
    const mine = ++opening;
    const here = whereNow();
    try {
      await bringParts();
    } catch {
      if (mine === opening && navigator.onLine) return void location.assign(url);
    }
    if (mine !== opening) return;
    tell("leaving");
    try {
      const html = shared.takeReady(url) || await paneAt(url);
      if (mine !== opening) return;
      // What was typed while it was on its way.
      tell("leaving");
      $("#pane").replaceChildren(parsed(html));
      watch();
    } catch (error) {
      if (mine === opening) toast(unreachable(error), { kind: "danger" });
      return;
    }
    history.pushState({}, "", url);
    inbox.classList.add("is-reading");
    markCurrent(openId());
    tell("opened");
    if (focus && isStillAt(here)) $("#thread-title")?.focus({ preventScroll: true });
  };

  const leave = ({ focus = true } = {}) => {
    const link = linkOf(openId());
    if (NARROW.matches) {
      tell("leaving");
      inbox.classList.remove("is-reading");
      history.pushState({}, "", inbox.dataset.home);
    }
    if (focus) focusLink(link ?? links()[0]);
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
    if (event.target.closest("[data-context]")) return toggleContext();
  });

  addEventListener("popstate", () => location.reload());

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

  // Choosing by name is seldom the first thing that is done here: its script comes with its menu.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches(".menu[open]:has([data-brings])")) return;
    const { assign } = inbox.dataset;
    inbox.dataset.assign = "";
    if (assign) bring(assign).catch(() => { inbox.dataset.assign = assign; });
  }, true);
  // Whoever types faster than it comes has chosen all the same.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-narrows]")) event.target.dataset.entered = "";
  }, true);

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
    const items = $$(".menu-item:not([hidden], :disabled)", menu);
    const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    items[(at + items.length) % items.length]?.focus();
  });

  // ── Acting ────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-act]")) return;
    event.preventDefault();
    void act(form, event.submitter);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-now]")) event.target.form.requestSubmit();
  });

  const act = async (form, submitter) => {
    const here = whereNow();
    // A button of a message stands elsewhere than the form it sends.
    const where = submitter ?? form;
    const inMenu = where.closest(".menu");
    const keepFocus = holdFocus(where);
    try {
      const url = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
      const said = await post(url, new FormData(form, submitter));
      if (said.refused) return void toast(said.refused, { kind: "danger" });
      closeMenus();
      form.reset();
      if (inMenu && isStillAt(here)) {
        $("summary", inMenu)?.focus();
        here.held = document.activeElement;
      }
      await done(said, here);
      keepFocus();
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    }
  };

  const done = async (said, here) => {
    if (said.text !== undefined) tell("undone", { ...said, ...here });
    const box = toast(said.said);
    if (said.undo) addUndo(box, said, here.id);
    await Promise.all([shared.refreshThread({ force: true }), shared.refreshList({ force: true })]);
    if (said.leaves && openId() === here.id) moveOn(here);
  };

  const moveOn = (here) => {
    const { next } = here;
    const focus = isStillAt(here);
    if (NARROW.matches) leave({ focus });
    if (!focus) return;
    const link = linkOf(next) ?? links()[0];
    if (link) focusLink(link);
    else $("#thread-title")?.focus();
  };

  // A toast's own way back. `then` hears what came of it, and answers whether it sees to the rest.
  const offerUndo = (box, url, data, then) => {
    const button = undoButton(async () => {
      removeToast(box);
      const { held } = whereNow();
      try {
        const back = await post(url, data);
        if (back.refused) return void toast(back.refused, { kind: "danger" });
        if (back.said) toast(back.said);
        for (const each of back.failed ?? []) toast(`${each.name}: ${each.reason}`, { kind: "warn" });
        if (then(back, held)) return;
        await Promise.all([shared.refreshThread({ force: true }), shared.refreshList({ force: true })]);
      } catch (error) {
        toast(unreachable(error), { kind: "danger" });
      }
    });
    $(".toast-text", box).after(button);
  };

  // A reply's text returns to the composer it came from.
  const addUndo = (box, said, id) => {
    const data = new FormData();
    data.set("conversation", id);
    offerUndo(box, said.undo, data, (back, held) => {
      if (back.text !== undefined) tell("undone", { ...back, id, held });
    });
    if (said.seconds) countDown(box, said.seconds);
  };

  const countDown = (box, seconds) => {
    const ends = Date.now() + seconds * 1000;
    const words = $(".toast-text", box);
    const tick = setInterval(() => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (left > 0 && box.isConnected) {
        words.textContent = text("Sending in %(n)s s", { n: left });
        return;
      }
      clearInterval(tick);
      box.remove();
    }, 250);
  };

  // ── Staying up to date ────────────────────────────────────────────────────────────────────
  // What changes a part in place comes with the first change.
  let changing = null;
  shared.canChange = () => {
    changing ??= bring(inbox.dataset.morph).catch((error) => {
      changing = null;
      throw error;
    });
    return changing;
  };
  const change = (old, fresh, morphStyle) => Idiomorph.morph(old, fresh, {
    morphStyle,
    // A field in use keeps what is typed; anything else with the focus is brought up to date.
    ignoreActiveValue: document.activeElement.matches("input, select, textarea"),
    callbacks: {
      // What somebody has unfolded stays unfolded.
      beforeAttributeUpdated: (name) => name !== "open",
      // A part that fetches itself stays as it is.
      beforeNodeMorphed: (node) => !node.matches?.("[data-own]"),
    },
  });
  // ── Keys ──────────────────────────────────────────────────────────────────────────────────
  const changePriority = () => {
    const field = $("#priority");
    if (!field) return;
    if (getComputedStyle($("#context")).display === "none") toggleContext();
    field.focus();
  };
  keys({
    j: () => step(1),
    k: () => step(-1),
    e: () => shared.changeRows("resolve", "") || $("#resolve")?.click(),
    a: () => shared.openRowsMenu("bulk-assign") || openMenu("assign-menu"),
    i: () => shared.changeRows("assign", "me") || $("#assign-menu [value=me]")?.click(),
    s: () => shared.openRowsMenu("bulk-snooze") || openMenu("snooze-menu"),
    m: () => shared.openRowsMenu("bulk-macro") || openMenu("macro-menu"),
    p: () => {
      if (document.activeElement.closest("#composer")) return shared.preview();
      return shared.openRowsMenu("bulk-priority") || changePriority();
    },
    "]": toggleContext,
  });

  Object.assign(shared, {
    $, $$, inbox, ask, post, fragment, part, watch, isPlain, unreachable, thread, openId, linkOf, neighbour, open, tell,
    openMenu, done, offerUndo, whereNow, isStillAt, change, links, rowOf, markCurrent, focusLink, SignedOut,
  });
  document.addEventListener("DOMContentLoaded", () => {
    watch();
    tell("opened");
  });
})();
