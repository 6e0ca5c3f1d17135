// The policy's form. Without this script everything works; with it, each row offers only the
// questions that fit what it looks at, and what is typed while the server draws is not lost.
(() => {
  "use strict";
  const allGroups = new WeakMap();
  const narrow = (row) => {
    const fact = row.querySelector("[data-fact]");
    const questions = row.querySelector("[data-op]");
    if (!fact || !questions) return;
    if (!allGroups.has(questions)) allGroups.set(questions, [...questions.querySelectorAll("optgroup")]);
    const type = fact.selectedOptions[0]?.dataset.type;
    const asked = questions.value;
    // Removed rather than hidden: not every browser hides an option.
    for (const group of allGroups.get(questions)) {
      if (!type || group.dataset.type === type) questions.append(group);
      else group.remove();
    }
    questions.value = asked;
    if (questions.selectedIndex < 0) questions.value = "";
  };
  const narrowAll = () => document.querySelectorAll(".condition").forEach(narrow);

  // What people changed since rows last came or went: an answer that is on its way may not know.
  const changed = new Map();
  const find = (key) => document.getElementById(key) ?? document.querySelector(`#editor [name="${key}"]`);
  const remember = ({ target }) => {
    if (!target.closest?.("#editor")) return;
    changed.set(target.id || target.name, target.type === "checkbox" ? target.checked : target.value);
    if (target.matches("[data-fact]")) narrow(target.closest(".condition"));
  };
  const restore = () => {
    for (const [key, value] of changed) {
      const control = find(key);
      if (control?.type === "checkbox") control.checked = value;
      else if (control) control.value = value;
    }
  };
  // Before htmx sees it, so that no question is sent that was just taken away.
  document.addEventListener("input", remember, true);
  document.addEventListener("change", remember, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#editor button[hx-post]")) changed.clear();
  }, true);

  narrowAll();
  window.earful.onSwap(() => {
    restore();
    narrowAll();
  });
})();
