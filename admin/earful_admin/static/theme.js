// Loaded in the head, before the first paint. The server wrote the theme into the page and CSS
// follows the device for "auto"; only what this browser alone knows is left to do here.
(() => {
  "use strict";
  const root = document.documentElement;
  let keys = null;
  try {
    keys = localStorage.getItem("earful.keys");
  } catch {
    // Storage may be forbidden; then the keys stay on.
  }
  root.dataset.keys = keys === "off" ? "off" : "on";
})();
