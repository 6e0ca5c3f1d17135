// The policy's form. Without this script everything works; with it,
// each row offers only the questions that fit what it looks at, and
// what is typed while a row is being drawn anew is not lost.
(() => {
  "use strict";
  const narrow = (row) => {
    const fact = row.querySelector("[data-fact]");
    const questions = row.querySelector("[data-op]");
    const type = fact?.selectedOptions[0]?.dataset.type;
    if (!questions || !type) return;
    // Removed rather than hidden: not every browser hides an option.
    for (const group of questions.querySelectorAll("optgroup")) {
      if (group.dataset.type !== type) group.remove();
    }
  };
  const narrowAll = () => document.querySelectorAll(".condition").forEach(narrow);

  // What changed after the form was last sent to be drawn anew: the answer does not know it.
  const changed = new Map();
  const find = (key) => document.getElementById(key) ?? document.querySelector(`#editor [name="${key}"]`);
  const remember = (control) => {
    if (!control.closest?.("#editor")) return;
    changed.set(control.id || control.name, control.type === "checkbox" ? control.checked : control.value);
  };
  const restore = () => {
    for (const [key, value] of changed) {
      const control = find(key);
      if (control?.type === "checkbox") control.checked = value;
      else if (control) control.value = value;
    }
    changed.clear();
  };
  document.addEventListener("input", (event) => remember(event.target));
  document.addEventListener("change", (event) => {
    if (event.target.matches("#editor [hx-post]")) changed.clear();
    else remember(event.target);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#editor button[hx-post]")) changed.clear();
  });

  narrowAll();
  window.earful.onSwap(() => {
    restore();
    narrowAll();
  });
})();
