// Saved replies and colleagues: a list below what is being written, for a word that begins with a
// sign. Comes with the first such sign (composer.js).
(() => {
  "use strict";
  const shared = window.earful.inbox;
  const { $, $$, fragment, isNote } = shared;
  const form = () => $("#composer-form");
  const textBox = () => $("#composer-text");

  const SIGNS = { "/": /(?:^|\s)(\/)([^\s/]{0,40})$/u, "@": /(?:^|[\s(])(@)([^\s@]{0,40}(?: [^\s@]{1,40})?)$/u };
  let picking = null;
  let asked = 0;
  // The sign before the caret, what follows it, and where both stand.
  const asking = (box) => {
    const to = box.selectionStart;
    const [, sign, wanted] = box.value.slice(0, to).match(SIGNS[isNote() ? "@" : "/"]) ?? [];
    return sign && { sign, wanted, from: to - wanted.length - 1, to };
  };
  const pick = async () => {
    const box = textBox();
    const found = asking(box);
    if (!found) return closePicker();
    const { sign, wanted } = found;
    const mine = ++asked;
    const url = new URL(sign === "@" ? form().dataset.colleagues : form().dataset.saved, location.origin);
    url.searchParams.set("q", wanted);
    const fresh = await fragment(url).catch(() => null);
    if (!fresh || mine !== asked || textBox() !== box) return;
    const place = $("#picker");
    // A name that nobody has, and more words after it, is no mention.
    if (!$("[role=option]", fresh) && wanted.includes(" ")) return closePicker();
    place.replaceChildren(fresh);
    place.hidden = false;
    picking = found;
    if ($("#picker-list")) box.setAttribute("aria-controls", "picker-list");
    select(0);
  };
  const options = () => $$("#picker [role=option]");
  const select = (at) => {
    const all = options();
    all.forEach((each, number) => each.setAttribute("aria-selected", String(number === at)));
    all[at]?.scrollIntoView({ block: "nearest" });
    if (all[at]) textBox().setAttribute("aria-activedescendant", all[at].id);
    else textBox().removeAttribute("aria-activedescendant");
  };
  const closePicker = () => {
    asked += 1;
    picking = null;
    if (!$("#picker")) return;
    $("#picker").hidden = true;
    $("#picker").replaceChildren();
    for (const name of ["aria-controls", "aria-activedescendant"]) textBox().removeAttribute(name);
  };
  const take = (option) => {
    const box = textBox();
    const { text, id } = option.dataset;
    // Letters typed since the list was asked for belong to the word that it replaces.
    const now = asking(box);
    const { from, to } = now?.from === picking.from ? now : picking;
    box.setRangeText(text, from, to, "end");
    if (id) form().elements.saved.value = id;
    const gap = text.search(/\{[a-z]+\.[a-z_]+\}/u);
    const start = from + gap;
    closePicker();
    box.focus();
    if (gap >= 0) box.setSelectionRange(start, box.value.indexOf("}", start) + 1);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "composer-text" || event.isComposing || !picking) return;
    const all = options();
    const at = all.findIndex((each) => each.ariaSelected === "true");
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape") closePicker();
    else if (steps[event.key] && all.length) select((at + steps[event.key] + all.length) % all.length);
    else if (["Enter", "Tab"].includes(event.key) && all[at] && !event.ctrlKey && !event.metaKey) take(all[at]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("#picker [role=option]");
    if (!option || !picking) return;
    event.preventDefault();
    take(option);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.id === "composer-text" && !event.relatedTarget?.closest("#picker")) closePicker();
  });

  shared.closePicker = closePicker;
  document.addEventListener("input", (event) => {
    if (event.target.id === "composer-text") void pick();
  });
  // The sign that this script came with.
  if (textBox()) void pick();
})();
