// The policy's form: each row offers only the questions that fit what it looks at. Without this
// script all questions are offered, and the server says which do not fit.
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
  const narrowAll = (root) => root.querySelectorAll?.(".condition").forEach(narrow);
  narrowAll(document);
  window.earful.onSwap(() => narrowAll(document));
})();
