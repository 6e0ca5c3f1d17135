// Labels by keyboard: `t` goes to those of the newest message, arrows move among the choices.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const { $, $$ } = shared;

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

  window.earful.keys({ t: toLabels });
})();
