// The editor of kept views: nothing that was typed is left by mistake, and Ctrl+S saves.
(() => {
  "use strict";
  const form = () => document.querySelector("[data-view-form]");
  if (!form()) return;
  let isChanged = document.querySelector("#editor").dataset.changed === "yes";
  const change = () => {
    isChanged = true;
    const mark = document.querySelector("#unsaved");
    if (mark) mark.hidden = false;
  };
  document.addEventListener("input", (event) => { if (event.target.form === form()) change(); });
  window.earful.onSwap(() => { if (isChanged) change(); });
  // What was typed before this came.
  if ([...form().elements].some((each) => (each.defaultValue ?? each.value) !== each.value)) change();
  document.addEventListener("submit", () => { isChanged = false; });
  addEventListener("beforeunload", (event) => { if (isChanged) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    event.preventDefault();
    form().requestSubmit(form().querySelector("button[value=save]"));
  });
})();
