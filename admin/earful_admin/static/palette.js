// The command palette: whatever can be done here, by name. It is read off the page each time it
// opens: what stands in parts marked `data-commands`. So no list of commands is kept anywhere. What
// lies in menus and selects shows once somebody types. Loaded with its first use (app.js).
(() => {
  "use strict";
  const dialog = document.getElementById("palette");
  const [field, list, status] = ["input", "[role=listbox]", "[role=status]"].map((each) => dialog.querySelector(each));
  const MOST = 60;
  let commands = [];
  let shown = [];
  let at = 0;

  // ── Reading the page ──────────────────────────────────────────────────────────────────────
  const OFFERS = "a[href], button, summary, select, input:not([type=hidden], [data-narrows], [type=checkbox], [type=datetime-local])";
  const tidy = (text) => text.replace(/\s+/gu, " ").trim();
  const textOf = (node) => {
    const copy = node.cloneNode(true);
    for (const extra of copy.querySelectorAll("kbd, .nav-count, .avatar, select, [aria-hidden]")) extra.remove();
    for (const extra of copy.querySelectorAll(".menu-hint")) extra.prepend(" ");
    return tidy(copy.textContent);
  };
  const named = (node) => document.getElementById(node.getAttribute("aria-labelledby"))?.textContent;
  const nameOf = (node) => tidy(node.getAttribute("aria-label") ?? named(node)
    ?? (node.labels?.length ? textOf(node.labels[0]) : textOf(node)) ?? "");
  const keyOf = (node) => node.getAttribute("aria-keyshortcuts") ?? (node.dataset.go ? `g ${node.dataset.go}` : "");
  // A link of the navigation and a field of the details work where no room is left to show them.
  const works = (node) => !node.closest("[hidden], :disabled, [data-palette], .brand")
    && (node.closest("nav, aside") || (node.closest(".menu") ?? node).checkVisibility());

  const read = (part) => [...part.querySelectorAll(OFFERS)].filter(works).flatMap((node) => {
    const place = node.closest("[role=group]")?.getAttribute("aria-label") ?? part.dataset.commands;
    const key = keyOf(node);
    if (node.matches("summary")) {
      const name = node.nextElementSibling.getAttribute("aria-label");
      return { node, key, place: part.dataset.commands, name: name ? `${name}…` : textOf(node) };
    }
    const isInner = Boolean(node.closest(".menu-box"));
    const own = { node, key, place, name: nameOf(node), isInner };
    if (!node.matches("select")) return own;
    return [own, ...[...node.options].filter((each) => !each.selected).map((each) => (
      { node, key: "", place: own.name, name: tidy(each.text), value: each.value, isInner: true }))];
  });
  // What is open is offered before the list, and the list before other pages.
  const farness = (part) => (part.closest("nav") ? 2 : Number(Boolean(part.closest(".list"))));
  const collect = () => [...document.querySelectorAll("[data-commands]")]
    .sort((one, other) => farness(one) - farness(other))
    .flatMap(read).filter((each) => each.name);

  // ── Finding ───────────────────────────────────────────────────────────────────────────────
  const fold = (text) => [...text].map((each) => each.normalize("NFD")[0].toLowerCase()[0]);
  const width = (spots) => spots.at(-1) - spots[0];
  const spread = (text, word, first) => {
    const spots = [];
    for (const letter of word) spots.push(text.indexOf(letter, spots.length ? spots.at(-1) + 1 : first));
    return spots.includes(-1) ? null : spots;
  };
  // Where the letters of a word stand: at the start of a word, else anywhere, else one by one.
  const place = (text, word) => {
    const whole = text.join("");
    const start = ` ${whole}`.indexOf(` ${word}`);
    const from = start < 0 ? whole.indexOf(word) : start;
    if (from >= 0) return { cost: start < 0 ? 10 : 0, spots: [...word].map((_, n) => from + n) };
    const tries = text.map((letter, first) => (letter === word[0] ? spread(text, word, first) : null)).filter(Boolean);
    const spots = tries.sort((one, other) => width(one) - width(other))[0];
    return spots ? { cost: 100 + width(spots), spots } : null;
  };
  const find = (typed) => {
    const words = fold(typed).join("").split(/\s+/u).filter(Boolean);
    if (!words.length) return commands.filter((each) => !each.isInner).map((each) => ({ ...each, spots: [] }));
    return commands.map((each) => {
      const text = fold(`${each.place} ${each.name}`);
      const found = words.map((word) => place(text, word));
      if (!found.every(Boolean)) return null;
      // Among equals what stands openly and near comes first, then what says least beside it.
      const own = (each.isInner ? 5 : 0) + (each.node.closest("nav") ? 2 : 0) + each.name.length / 1000;
      const cost = found.reduce((sum, one) => sum + one.cost, own);
      return { ...each, cost, spots: found.flatMap((one) => one.spots) };
    }).filter(Boolean).sort((one, other) => one.cost - other.cost);
  };
  const search = (typed) => ({
    place: "", name: dialog.dataset.searchWords.replace("%s", typed), key: "", spots: [],
    url: `${dialog.dataset.search}?q=${encodeURIComponent(typed)}`,
  });

  // ── Showing ───────────────────────────────────────────────────────────────────────────────
  const marked = (text, from, spots) => [...text].map((letter, n) => {
    if (!spots.includes(from + n)) return letter;
    const mark = document.createElement("mark");
    mark.textContent = letter;
    return mark;
  });
  const made = (kind, name, ...inner) => {
    const node = document.createElement(kind);
    node.className = name;
    node.append(...inner);
    return node;
  };
  const line = (each, n) => {
    const option = made("li", "palette-line", made("span", "palette-place", ...marked(each.place, 0, each.spots)), " ",
      made("bdi", "palette-name", ...marked(each.name, [...each.place].length + 1, each.spots)));
    if (each.key) option.append(made("kbd", "", each.key.replace("Control+", "Ctrl ")));
    option.id = `command-${n}`;
    option.setAttribute("role", "option");
    return option;
  };
  const point = (to) => {
    at = to;
    [...list.children].forEach((each, n) => each.setAttribute("aria-selected", String(n === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (shown.length) field.setAttribute("aria-activedescendant", `command-${at}`);
    else field.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    const typed = field.value.trim();
    shown = find(typed).slice(0, MOST);
    if (typed) shown.push(search(typed));
    list.replaceChildren(...shown.map(line));
    status.textContent = dialog.dataset.found.replace("%s", shown.length);
    point(0);
  };

  // ── Running ───────────────────────────────────────────────────────────────────────────────
  const focusIn = (node) => {
    const panel = node.closest("aside[id]");
    if (panel && !node.checkVisibility()) document.querySelector(`[aria-controls="${panel.id}"]`)?.click();
    node.focus();
  };
  const run = ({ node, url, value }) => {
    dialog.close();
    if (url) return location.assign(url);
    if (value !== undefined) {
      node.value = value;
      return node.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (node.matches("summary")) {
      node.parentElement.open = true;
      return node.parentElement.querySelector(".menu-box :is(button, input:not([type=hidden]))")?.focus();
    }
    if (node.matches("select, input:not([type=radio])")) return focusIn(node);
    node.click();
    if (node.matches("input")) node.form.querySelector("textarea")?.focus();
  };

  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || !(by || event.key === "Enter")) return;
    event.preventDefault();
    if (by) point((at + by + shown.length) % shown.length);
    else if (shown[at]) run(shown[at]);
  });
  list.addEventListener("click", (event) => {
    const n = [...list.children].indexOf(event.target.closest("li"));
    if (n >= 0) run(shown[n]);
  });
  // The element that had the focus may be gone; then the page itself takes it.
  dialog.addEventListener("close", () => {
    field.value = "";
    if (document.activeElement === document.body) document.getElementById("main").focus();
  });

  window.earful.readCommands = (isEntered) => {
    commands = collect();
    draw();
    if (isEntered && shown.length) run(shown[0]);
  };
})();
