// The list pane: staying up to date without moving what is being read, selecting many and changing
// them, and what has been read. Lines come from the server as HTML, each with a word of its own.
(() => {
  "use strict";
  const shared = window.earful.inbox;
  if (!shared) return;
  const {
    $, $$, inbox, ask, post, fragment, part, watch, isPlain, tell, unreachable, thread, openId, links, rowOf, linkOf, markCurrent,
    focusLink, whereNow, isStillAt, openMenu, change, offerUndo, SignedOut,
  } = shared;
  const { announce, toast, holdFocus, keys, text, ntext } = window.earful;
  const rows = $("#rows");
  const scroller = $("#list-scroll");
  const news = $("#list-news");

  // ── Staying up to date ────────────────────────────────────────────────────────────────────
  const VISIBLE = 5000;
  const HIDDEN = 30_000;
  const LONGEST = 60_000;
  const FIRST_PAGE = 40;
  const MOST_ROWS = 500;
  const SAID_EVERY = 30_000;

  const listed = () => $$(".list-row", rows);
  const known = () => listed().slice(0, FIRST_PAGE)
    .map((row) => `${row.dataset.id}.${row.dataset.word}`).join(",");

  // How many lines are brought up to date: after something was done here, every page that is shown.
  const reach = (force) => {
    const pages = force ? Math.ceil(listed().length / FIRST_PAGE) : 1;
    return Math.min(Math.max(pages, 1) * FIRST_PAGE, MOST_ROWS);
  };

  const address = (force) => {
    const url = new URL(inbox.dataset.updates, location.origin);
    const asked = { view: inbox.dataset.view, sort: inbox.dataset.order, state: force ? "" : inbox.dataset.word };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    url.searchParams.set("known", known());
    url.searchParams.set("rows", reach(force));
    if (openId()) {
      url.searchParams.set("c", openId());
      url.searchParams.set("conversation", thread().dataset.word);
    }
    url.searchParams.set("notices", inbox.dataset.notices);
    for (const [name, value] of Object.entries(shared.presenceAsked())) url.searchParams.set(name, value);
    return url;
  };

  const made = (html) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    return box.content.firstElementChild;
  };

  // Somebody who reads, points or selects here must find everything where it was.
  const isCalm = () => scroller.scrollTop < 8 && listed().length <= FIRST_PAGE + 2
    && !rows.matches(":hover, :focus-within") && !selected.size;

  const refreshLines = ({ order, lines, rest, counts, unread }, force, reached) => {
    drawCounts(counts);
    setOwn(unread);
    const before = new Set(listed().map((row) => Number(row.dataset.id)));
    const isPlaced = force || isCalm();
    const held = new Set(order);
    for (const [id, html] of Object.entries(lines)) {
      const row = rowOf(id);
      if (row) change(row, made(html), "outerHTML");
    }
    if (isPlaced) place(order, lines, rest, before, reached);
    else markGone(held);
    const fresh = order.filter((id) => !before.has(id)).length;
    showNews(isPlaced ? 0 : fresh);
    markCurrent(openId());
    drawSelection();
    watch();
    // What moved up after something was done here is no news.
    if (fresh && !force) say(fresh);
  };

  // The lines that were reached in their order; what came further down stays below them.
  const place = (order, lines, rest, before, reached) => {
    const held = new Set(order);
    for (const row of listed().slice(0, reached)) if (!held.has(Number(row.dataset.id))) row.remove();
    let last = null;
    for (const id of order) {
      const row = rowOf(id) ?? made(lines[id] ?? "");
      if (!row) continue;
      row.classList.remove("is-gone");
      const next = last ? last.nextElementSibling : rows.firstElementChild;
      if (next !== row) rows.insertBefore(row, next);
      last = row;
    }
    if (before.size > reached && order.length) return;
    for (const old of $$("#row-none, #row-more", rows)) old.remove();
    rows.insertAdjacentHTML("beforeend", rest);
  };

  // Further down, when somebody gets there.
  const showMore = async (link) => {
    const place = link.closest("#row-more");
    const fresh = await part(link, link.dataset.fetch);
    if (!fresh) return;
    for (const row of $$(".list-row", fresh)) if (rowOf(row.dataset.id)) row.remove();
    const keepFocus = holdFocus();
    place.replaceWith(fresh);
    keepFocus();
    markCurrent(openId());
    drawSelection();
    watch();
    tell("listed");
  };
  rows.addEventListener("inbox:seen", ({ target }) => void showMore(target));
  rows.addEventListener("click", (event) => {
    const link = event.target.closest("#row-more a");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    void showMore(link);
  });

  const markGone = (held) => {
    for (const row of listed().slice(0, FIRST_PAGE)) {
      row.classList.toggle("is-gone", !held.has(Number(row.dataset.id)));
    }
  };

  // In the browser's tab: what is one's own and unread, or new in this list.
  const title = document.title;
  const tabIcon = $("link[rel=icon]");
  const plainIcon = tabIcon.href;
  let own = inbox.dataset.ownUnread.split(",").filter(Boolean).map(Number);
  let added = 0;
  const drawTab = () => {
    const count = Math.max(own.length, added);
    document.title = count ? `(${count > 99 ? "99+" : count}) ${title}` : title;
    const wanted = count ? new URL(inbox.dataset.iconUnread, location.origin).href : plainIcon;
    if (tabIcon.href !== wanted) tabIcon.href = wanted;
  };
  const setOwn = (ids) => {
    own = ids;
    drawTab();
  };
  const showNews = (count) => {
    news.hidden = !count;
    if (count) $("span", news).textContent = text("%(n)s new", { n: count });
    added = count;
    drawTab();
  };

  let lastSaid = 0;
  const say = (count) => {
    if (Date.now() - lastSaid < SAID_EVERY) return;
    lastSaid = Date.now();
    announce(text("%(n)s new in this list", { n: count }));
  };

  const drawCounts = (counts) => {
    for (const [url, count] of Object.entries(counts)) {
      for (const link of $$(".nav-link")) {
        const badge = link.getAttribute("href") === url && $(".nav-count", link);
        if (badge) badge.textContent = count;
      }
      const badge = url === inbox.dataset.home && $("#list-count");
      if (!badge) continue;
      badge.hidden = !count;
      badge.firstChild.data = count || " ";
    }
  };

  const poll = async ({ force = false } = {}) => {
    const reached = reach(force);
    const response = await ask(address(force));
    if (response.status === 204) return;
    if (!response.ok) throw new Error(String(response.status));
    const said = await response.json();
    await shared.canChange();
    inbox.dataset.word = said.state;
    if (said.order) refreshLines(said, force, reached);
    shared.presenceTold(said);
    inbox.dataset.notices = said.notices;
    if (said.told) shared.noticesTold(said.told);
    const isNew = said.conversation && thread() && said.conversation !== thread().dataset.word;
    if (isNew && !force) {
      await shared.refreshThread();
      markRead();
    }
  };
  shared.refreshList = poll;

  let failures = 0;
  let timer = 0;
  const again = () => {
    const base = document.hidden ? HIDDEN : VISIBLE;
    const pause = Math.min(base * 2 ** failures, LONGEST) * (0.85 + Math.random() * 0.3);
    clearTimeout(timer);
    timer = setTimeout(keepPolling, pause);
  };
  // Sooner than it would be: something here is to be told at once.
  shared.pollSoon = (wait = 300) => {
    clearTimeout(timer);
    timer = setTimeout(keepPolling, wait);
  };
  const keepPolling = async () => {
    try {
      await poll();
      failures = 0;
    } catch (error) {
      if (error instanceof SignedOut) return void toast(unreachable(error), { kind: "danger" });
      failures += 1;
    }
    $("#offline").hidden = failures < 2 && navigator.onLine;
    again();
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void keepPolling(); });
  addEventListener("online", () => void keepPolling());
  addEventListener("offline", () => { $("#offline").hidden = false; });
  news.addEventListener("click", async () => {
    const here = whereNow();
    scroller.scrollTop = 0;
    await poll({ force: true }).catch(() => {});
    if (isStillAt(here)) focusLink(links()[0]);
  });

  // ── What has been read ────────────────────────────────────────────────────────────────────
  // What nobody looks at is read when somebody comes back to it.
  let isOwed = false;
  const markRead = () => {
    const message = thread()?.dataset.newest;
    isOwed = Boolean(message) && document.hidden;
    if (!message || isOwed) return;
    const data = new FormData();
    data.set("message", message);
    post(`/conversation/${openId()}/read`, data).catch(() => {});
    drawRead(openId(), true);
    setOwn([...own].filter((id) => id !== openId()));
  };
  const unreadDot = () => {
    const dot = made('<span class="row-dot"><span class="visually-hidden"></span></span>');
    dot.firstChild.textContent = text("Unread");
    return dot;
  };
  const drawRead = (id, isRead) => {
    const row = rowOf(id);
    row?.classList.toggle("is-unread", !isRead);
    const dot = row && $(".row-dot", row);
    if (isRead) dot?.remove();
    else if (row && !dot) $(".row-name", row).after(unreadDot());
  };
  const markUnread = async () => {
    const id = idHere();
    if (!id) return;
    try {
      const said = await post(`/conversation/${id}/unread`, new FormData());
      if (said.refused) return void toast(said.refused, { kind: "danger" });
      if (id === openId()) isOwed = false;
      drawRead(id, false);
      setOwn(said.unread);
      toast(said.said);
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    }
  };
  document.addEventListener("inbox:opened", markRead);
  document.addEventListener("visibilitychange", () => { if (isOwed) markRead(); });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-unread]")) void markUnread();
  });
  document.addEventListener("inbox:refreshed", ({ detail }) => {
    const fresh = $("#thread", detail.fresh);
    if (fresh && thread()) thread().dataset.newest = fresh.dataset.newest;
  });

  // ── Selecting ─────────────────────────────────────────────────────────────────────────────
  const bar = $("#bulk");
  const selected = new Set();
  let anchor = 0;
  let most = 500;

  const idHere = () => Number(document.activeElement.closest?.(".list-row")?.dataset.id ?? openId());
  const boxOf = (row) => $(".row-pick input", row);

  const drawSelection = () => {
    for (const row of listed()) {
      const box = boxOf(row);
      if (box) box.checked = selected.has(Number(row.dataset.id));
    }
    inbox.classList.toggle("is-selecting", selected.size > 0);
    if (!bar) return;
    bar.hidden = !selected.size;
    const count = $("[data-bulk-count]", bar);
    if (count) count.textContent = text("%(n)s selected", { n: selected.size });
  };

  const toggle = (id, { range = false } = {}) => {
    if (!bar || !id) return;
    const ids = listed().map((row) => Number(row.dataset.id));
    const [from, to] = [ids.indexOf(anchor), ids.indexOf(id)];
    if (range && from >= 0 && to >= 0) {
      for (const each of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) selected.add(each);
    } else if (selected.has(id)) selected.delete(id);
    else selected.add(id);
    anchor = id;
    void showBar();
  };

  // What single keys are about: the selected rows, else the one with the focus if another one is open.
  const rowsMeant = () => {
    if (!bar) return [];
    if (selected.size) return [...selected];
    const id = idHere();
    return id && id !== openId() ? [id] : [];
  };
  shared.changeRows = (name, value) => {
    const ids = rowsMeant();
    if (ids.length) void changeMany(name, value, ids);
    return ids.length > 0;
  };
  // The menu stands in the bar, which tells what it is about: so the row with the focus is selected.
  shared.openRowsMenu = (name) => {
    const ids = rowsMeant();
    if (!ids.length) return false;
    if (!selected.size) toggle(ids[0]);
    const here = whereNow();
    void showBar().then(() => { if (isStillAt(here)) openMenu(name); });
    return true;
  };

  const showBar = async () => {
    drawSelection();
    if (selected.size) await fillBar();
  };
  let filling = null;
  const fillBar = async () => {
    if (bar.childElementCount) return;
    filling ??= fragment(bar.dataset.bar).catch(() => null);
    const fresh = await filling;
    filling = null;
    if (!fresh || bar.childElementCount) return;
    bar.replaceChildren(fresh);
    drawSelection();
  };

  const clear = () => {
    const held = bar.contains(document.activeElement);
    selected.clear();
    const failed = $("[data-bulk-failed]", bar);
    if (failed) failed.hidden = true;
    drawSelection();
    if (held) focusLink(linkOf(anchor) ?? links()[0]);
  };

  const selectAll = async () => {
    const url = new URL(bar.dataset.all, location.origin);
    url.searchParams.set("view", inbox.dataset.view);
    url.searchParams.set("sort", inbox.dataset.order);
    try {
      const said = await (await ask(url)).json();
      if (said.refused) return void toast(said.refused, { kind: "danger" });
      most = said.most;
      for (const id of said.ids) selected.add(id);
      drawSelection();
      announce(text("%(n)s selected", { n: selected.size }));
      if (said.ids.length === most) toast(text("The first %(n)s are selected: that is the most at once.", { n: most }));
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    }
  };

  // What comes after them in the list, else what stands before.
  const rowAfter = (ids) => {
    const isOther = (row) => !ids.includes(Number(row.dataset.id));
    const all = listed();
    const at = all.findIndex((row) => !isOther(row));
    return all.slice(Math.max(at, 0)).find(isOther) ?? all.findLast(isOther);
  };

  const changing = new Set();
  const changeMany = async (name, value, wanted = [...selected]) => {
    const ids = wanted.filter((id) => !changing.has(id));
    if (!ids.length) return;
    const here = whereNow();
    const next = rowAfter(ids);
    for (const id of ids) changing.add(id);
    const data = new FormData();
    data.set("ids", ids.join(","));
    data.set("change", name);
    data.set("value", value);
    bar.setAttribute("aria-busy", "true");
    try {
      const said = await post(bar.dataset.act, data);
      if (said.refused) return void toast(said.refused, { kind: "danger" });
      for (const menu of $$(".menu[open]", bar)) menu.open = false;
      if (said.job) {
        clear();
        return follow(said.job);
      }
      for (const id of said.done) selected.delete(id);
      if (said.said) tellDone(said);
      if (said.failures) await fillBar();
      for (const { id } of said.failed) selected.add(id);
      showFailed(said);
      await Promise.all([poll({ force: true }), shared.refreshThread({ force: true })]);
      drawSelection();
      if (!selected.size && isStillAt(here)) focusLink(linkOf(ids[0]) ?? linkOf(next?.dataset.id) ?? links()[0]);
    } catch (error) {
      toast(unreachable(error), { kind: "danger" });
    } finally {
      for (const id of ids) changing.delete(id);
      bar.removeAttribute("aria-busy");
    }
  };

  const tellDone = (said) => {
    const box = toast(said.said);
    if (!said.undo) return;
    offerUndo(box, said.undo, new FormData(), (back) => {
      if (back.job) follow(back.job);
      return Boolean(back.job);
    });
  };

  // More than one request takes is done by a job: how far it is stands above the list, also after
  // the page was loaded again, until it is finished.
  const JOB = "earful-bulk-job";
  const LOOK_EVERY = 2000;
  let looking = 0;
  const follow = (url) => {
    sessionStorage.setItem(JOB, url);
    clearTimeout(looking);
    void look(url);
  };
  const look = async (url) => {
    let said = null;
    try {
      const answer = await ask(url, { headers: { Accept: "application/json" } });
      if (answer.status === 404) return forget();
      said = await answer.json();
    } catch (error) {
      if (error instanceof SignedOut) return;
    }
    if (said) drawJob(said);
    if (!said || said.is_running) {
      looking = setTimeout(() => void look(url), LOOK_EVERY);
      return;
    }
    forget();
    tellDone(said);
    await poll({ force: true });
  };
  const forget = () => {
    sessionStorage.removeItem(JOB);
    $("#bulk-job")?.remove();
  };
  const drawJob = ({ said, passed, total, url }) => {
    let box = $("#bulk-job");
    if (!box) {
      box = made('<p class="bulk-job" id="bulk-job"><progress></progress><a></a></p>');
      bar.before(box);
    }
    const line = $("progress", box);
    Object.assign(line, { max: total, value: passed, ariaLabel: said });
    Object.assign($("a", box), { textContent: said, href: url });
  };
  if (bar && sessionStorage.getItem(JOB)) follow(sessionStorage.getItem(JOB));

  // What was refused stays selected, with the reason of each.
  const showFailed = ({ failed, failures }) => {
    const box = $("[data-bulk-failed]", bar);
    if (box) box.hidden = !failures;
    if (!box || !failures) return;
    $("p", box).textContent = ntext("One was refused and stays selected:", "%(n)s were refused and stay selected:", failures);
    $("ul", box).replaceChildren(...failed.map(({ name, reason }) => {
      const line = document.createElement("li");
      const who = document.createElement("bdi");
      who.textContent = name;
      line.append(who, `: ${reason}`);
      return line;
    }));
  };

  rows.addEventListener("click", (event) => {
    const pick = event.target.closest(".row-pick");
    if (!pick || event.target.matches("input")) return;
    event.preventDefault();
    toggle(Number(pick.closest(".list-row").dataset.id), { range: event.shiftKey });
  });
  rows.addEventListener("change", (event) => {
    if (event.target.matches(".row-pick input")) toggle(Number(event.target.value));
  });
  bar?.addEventListener("click", (event) => {
    if (event.target.closest("[data-bulk-clear]")) return clear();
    if (event.target.closest("[data-bulk-all]")) return void selectAll();
    const button = event.target.closest("button[data-change]");
    if (button) void changeMany(button.dataset.change, button.value);
  });
  bar?.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-change]");
    if (!form) return;
    event.preventDefault();
    void changeMany(form.dataset.change, new FormData(form).get("value"));
  });
  // Before the inbox's own Escape: it would leave the conversation.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !selected.size || $("dialog[open], .menu[open]")) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    event.stopImmediatePropagation();
    clear();
  }, true);

  // ── Order, filter, keys ───────────────────────────────────────────────────────────────────
  $("select[data-order]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
  const pickShown = () => {
    for (const row of listed()) selected.add(Number(row.dataset.id));
    void showBar();
  };
  const bindings = {
    x: () => toggle(idHere()),
    "Shift+x": () => toggle(idHere(), { range: true }),
    u: markUnread,
    f: () => $(".list-head a.icon-button")?.click(),
  };
  // Where this needs Shift depends on the keyboard.
  for (const key of ["*", "Shift+*"]) bindings[key] = () => bar && pickShown();
  keys(bindings);

  drawTab();
  again();
})();
