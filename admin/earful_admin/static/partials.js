// Parts of a form or a page that the server draws anew, by htmx: how it is set, the forged-request
// token, toasts, and the focus over a swap. Names of htmx's events are said in this file only.
(() => {
  "use strict";
  const { token, toast, holdFocus, focusMarked, text } = window.earful;
  Object.assign(htmx.config, {
    // Between a swap and its end somebody may press a button: what they typed is not back yet then.
    defaultSettleDelay: 0,
    includeIndicatorStyles: false, allowEval: false, selfRequestsOnly: true,
    historyCacheSize: 0, refreshOnHistoryMiss: true,
    responseHandling: [
      { code: "204", swap: false }, { code: "[23]..", swap: true },
      { code: "409|422", swap: true, error: false }, { code: "[45]..", swap: false, error: true },
    ],
  });

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("toast", (event) => {
    const { text: said, kind } = event.detail;
    if (said) toast(said, { kind });
  });
  document.addEventListener("htmx:sendError", () => {
    toast(text("The server cannot be reached. Check your connection."), { kind: "danger" });
  });

  let afterSwap = () => {};
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const isHeld = detail.target.contains(document.activeElement);
    afterSwap = isHeld ? holdFocus() : () => {};
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    focusMarked(detail.elt);
    afterSwap();
    afterSwap = () => {};
  });
  window.earful.onSwap = (work) => document.addEventListener("htmx:afterSettle", work);
})();
