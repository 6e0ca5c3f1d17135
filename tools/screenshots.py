"""Renews the pictures in `docs/images`: starts a demonstration, signs in, and takes them.

    .venv/bin/python -m tools.screenshots

Needs Chromium. The demonstration lives in a folder of its own and is gone afterwards.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools import chromium

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PATIENCE = 120.0
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
NOTE = "The workshop knows the fault and has a remedy. I will call her this afternoon."


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demonstration is, and how to sign in."""

    url: str
    email: str
    password: str


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """A demonstration with its content routed."""
    log = folder / "demo.log"
    command = [sys.executable, "-m", "earful", "demo", "--data", str(folder / "demo"), "--port"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "0"], stdout=output, stderr=subprocess.STDOUT)
        try:
            yield _ready(process, log, folder / "demo" / "config.toml")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path, config: Path) -> Demo:
    deadline = time.monotonic() + PATIENCE
    while "Earful is ready." not in log.read_text() or not _is_routed(config):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The demonstration did not start:\n{log.read_text()}")
        time.sleep(0.5)
    told = log.read_text()
    url = re.search(r"starting on (\S+)", told)
    who = re.search(r"Sign in as (\S+) with the password (\S+)", told)
    if url is None or who is None:
        sys.exit(f"The demonstration does not say how to sign in:\n{told}")
    return Demo(url[1], who[1], who[2])


def _is_routed(config: Path) -> bool:
    command = [sys.executable, "-m", "earful", "status", "--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "unfinished: 0 payloads, 0 messages" in told


def signed_in(browser: Browser, demo: Demo, size: dict[str, int], scheme: str) -> BrowserContext:
    """A window of this size in which the demonstration's admin is signed in."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{demo.url}/sign-in")
    page.fill("input[name=email]", demo.email)
    page.fill("input[name=password]", demo.password)
    page.click("form button.primary")
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
    page.close()
    return context


def conversation(page: Page) -> str:
    """The address of a conversation with several messages, if there is one."""
    rows = page.locator(".list-row")
    talked = rows.filter(has=page.locator(".row-count"))
    row = (talked if talked.count() else rows).first
    return str(row.locator(".row-link").get_attribute("href"))


def work_on(page: Page, demo: Demo, address: str) -> None:
    """Take a conversation and leave a note, as an agent would."""
    page.goto(f"{demo.url}{address}")
    page.keyboard.press("i")
    page.locator("#assign-menu", has_text="Demo Admin").wait_for()
    page.fill("#composer-text", NOTE)
    page.click("#send")
    page.get_by_text(NOTE).wait_for()


def shoot(page: Page, demo: Demo, address: str, name: str) -> None:
    """One picture of what the window shows."""
    page.goto(f"{demo.url}{address}")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"{name}.png")


def main() -> None:
    """Take all pictures."""
    installed = chromium.program()
    if installed is None:
        sys.exit("The pictures need Chromium; tools/ensure_chromium.sh installs it.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        running(Path(folder)) as demo,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=installed, args=chromium.FLAGS) as browser,
    ):
        page = signed_in(browser, demo, DESK, "light").new_page()
        page.goto(f"{demo.url}/")
        opened = conversation(page)
        work_on(page, demo, opened)
        shoot(page, demo, opened, "inbox")
        shoot(page, demo, "/policies/", "policies")
        shoot(page, demo, "/channels/", "channels")
        shoot(signed_in(browser, demo, DESK, "dark").new_page(), demo, opened, "inbox-dark")
        phone = signed_in(browser, demo, PHONE, "light").new_page()
        shoot(phone, demo, "/", "phone-list")
        shoot(phone, demo, opened, "phone-conversation")


if __name__ == "__main__":
    main()
