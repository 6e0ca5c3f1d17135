"""How soon the next conversation stands there: in a real browser, on the demonstration's data.

From the key that opens it to its text on the screen, by the browser's own clock: the first frame
after the conversation is another one. Somebody walks down the list with `j`, looks for a moment,
and presses Enter; what is fetched ahead of time is part of it. A limit in milliseconds, because it
is what a person feels.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tools import chromium, screenshots  # noqa: E402 - not installed, as this is not

LIMIT = 100.0
OPENINGS = 40
A_MOMENT = 400
"""Milliseconds somebody looks at a line of the list before opening it."""
WATCH = """
() => {
  window.opened = [];
  let started = 0, before = "";
  const shown = () => document.getElementById("thread")?.dataset.id ?? "";
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    [started, before] = [performance.now(), shown()];
  }, true);
  const look = () => {
    const text = document.querySelector("#thread .bubble-text");
    if (started && shown() !== before && text?.textContent.trim()) {
      // This frame is painted now; a task after it runs when it stands on the screen.
      const { port1, port2 } = new MessageChannel();
      const from = started;
      started = 0;
      port1.onmessage = () => window.opened.push(performance.now() - from);
      port2.postMessage(0);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def walk(page: Page) -> list[float]:
    """Milliseconds of each opening, down the list and up again."""
    taken: list[float] = []
    key, rows = "j", page.locator(".list-row").count()
    page.evaluate(WATCH)
    page.keyboard.press("j")
    for number in range(OPENINGS):
        page.keyboard.press(key)
        page.wait_for_timeout(A_MOMENT)
        page.keyboard.press("Enter")
        page.wait_for_function("count => window.opened.length > count", arg=number)
        taken.append(float(page.evaluate("window.opened.at(-1)")))
        page.keyboard.press("Escape")
        if number % (rows - 2) == rows - 3:
            key = "k" if key == "j" else "j"
    return taken


def main() -> int:
    program = chromium.program()
    if program is None:
        print("open: left out, there is no Chromium here; tools/ensure_chromium.sh installs it")
        return 0
    with (
        TemporaryDirectory() as folder,
        screenshots.running(Path(folder)) as demo,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=chromium.FLAGS) as browser,
    ):
        page = screenshots.window(browser, screenshots.sign_in(browser, demo, demo.email))
        page.goto(f"{demo.url}/")
        taken = walk(page)
    median, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    print(
        f"open: {len(taken)} conversations, median {median:.0f} ms, 95th percentile {p95:.0f} ms,"
        f" slowest {max(taken):.0f} ms (limit {LIMIT:.0f} ms for the median)"
    )
    return int(median > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
