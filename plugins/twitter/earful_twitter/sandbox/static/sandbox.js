// Brings the newest posts without a reload, so that what is being typed stays. Everything works
// without it: reload the page. While something in the feed has the focus, nothing is replaced.
"use strict";

const feed = document.getElementById("feed");
const renew = document.getElementById("renew");

async function bring() {
  if (!renew.checked || document.hidden || feed.contains(document.activeElement)) return;
  try {
    const answer = await fetch(feed.dataset.from);
    if (!answer.ok) return;
    const html = await answer.text();
    if (html !== feed.dataset.shown && !feed.contains(document.activeElement)) {
      feed.innerHTML = html;
      feed.dataset.shown = html;
    }
  } catch {
    // The sandbox has stopped; the next try will tell.
  }
}

setInterval(bring, 3000);
