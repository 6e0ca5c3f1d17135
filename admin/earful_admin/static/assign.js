// Menus to choose from by name: people and queues, macros. What they offer is fetched as they open,
// and typing narrows it. Comes with the first such menu (inbox.js).
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$, fragment } = shared;

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const items = (menu) => $$(".menu-item", menu).filter((each) => !each.hidden && !each.disabled);
  const narrow = (field) => {
    const menu = field.closest(".menu-box");
    const words = fold(field.value).split(/\s+/u).filter(Boolean);
    for (const each of $$(".menu-item", menu)) {
      const text = fold(each.textContent);
      each.hidden = !words.every((word) => text.includes(word));
    }
    for (const title of $$(".menu-title", menu)) title.hidden = words.length > 0;
    $("[data-narrows-none]", menu).hidden = !words.length || items(menu).length > 0;
  };

  const bring = async (place) => {
    const fresh = await fragment(place.dataset.brings).catch(() => null);
    if (!fresh || !place.isConnected) return;
    const held = place.contains(document.activeElement) && document.activeElement.value;
    place.replaceChildren(fresh);
    if (held) $(`[value="${held}"]`, place)?.focus();
    const field = $("[data-narrows]", place.closest(".menu-box"));
    narrow(field);
    if ("entered" in field.dataset) choose(field);
  };

  // Enter takes the first one; where none is there yet, as soon as it is.
  const choose = (field) => {
    const first = items(field.closest(".menu-box"))[0];
    if (!first) return;
    delete field.dataset.entered;
    first.click();
  };

  const begin = (menu) => {
    const field = menu.matches(".menu") && $("[data-narrows]", menu);
    if (!field) return;
    if (menu.open) void bring($("[data-brings]", menu));
    else {
      field.value = "";
      delete field.dataset.entered;
    }
    narrow(field);
  };
  document.addEventListener("toggle", ({ target }) => begin(target), true);
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-narrows]")) narrow(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-narrows]") || event.isComposing) return;
    if (event.key === "Enter") choose(event.target);
    else if (event.key === "ArrowDown") items(event.target.closest(".menu-box"))[0]?.focus();
    else return;
    event.preventDefault();
  });
  // The menu that this script came with.
  for (const menu of $$(".menu[open]")) begin(menu);
})();
