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
from typing import Literal

from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    StorageState,
    ViewportSize,
    sync_playwright,
)

from tools import chromium

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PATIENCE = 120.0
DESK = ViewportSize(width=1440, height=900)
SLIM = ViewportSize(width=1100, height=420)
PHONE = ViewportSize(width=390, height=844)
COLLEAGUE = "agent@demo.example"
NOTE = "The workshop knows the fault and has a remedy. I will call her this afternoon."
MENTION = "@Demo Admin, the workshop has one appointment left on Thursday. Shall we offer it?"
ANSWER = "The workshop is open until eight on Thursday. Come by without an appointment!"
DESCRIPTION = "Our workshop's hours: Monday to Friday nine to six, Thursday until eight."
SIGN = """<svg width="480" height="300" font-family="sans-serif" fill="white" text-anchor="middle">
<rect width="480" height="300" fill="#1d5c4d"/><text x="240" y="95" font-size="48">Workshop</text>
<text x="240" y="175" font-size="36">Mon-Fri 9 - 18</text>
<text x="240" y="235" font-size="36">Thu 9 - 20</text></svg>"""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where it is, and how to sign in as its admin. The colleague has the same password."""

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
    demo = Demo(url[1], who[1], who[2])
    command = [
        sys.executable,
        "-m",
        "earful",
        "user",
        "password",
        COLLEAGUE,
        "--config",
        str(config),
    ]
    subprocess.run(command, input=f"{demo.password}\n", text=True, check=True, capture_output=True)
    return demo


def _is_routed(config: Path) -> bool:
    command = [sys.executable, "-m", "earful", "status", "--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "unfinished: 0 payloads, 0 messages" in told


def sign_in(browser: Browser, demo: Demo, email: str) -> StorageState:
    """A session for several windows: signing in again and again would be refused."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{demo.url}/sign-in")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", demo.password)
        page.click("form button.primary")
        page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
        return context.storage_state()


def window(
    browser: Browser,
    session: StorageState,
    size: ViewportSize = DESK,
    *,
    scheme: Literal["light", "dark"] = "light",
    locale: str = "en-GB",
) -> Page:
    """A window of this size in which somebody is signed in."""
    context = browser.new_context(
        storage_state=session,
        viewport=size,
        color_scheme=scheme,
        locale=locale,
        reduced_motion="reduce",
    )
    return context.new_page()


def conversation(page: Page, demo: Demo) -> str:
    """The address of the first conversation that can be answered in public."""
    page.goto(f"{demo.url}/")
    for address in [_address(row) for row in page.locator(".list-row").all()]:
        page.goto(f"{demo.url}{address}")
        if page.locator("#composer-form.is-public").count():
            return address
    sys.exit("No conversation of the demonstration can be answered.")


def _address(row: Locator) -> str:
    return str(row.locator(".row-link").get_attribute("href"))


def work_on(page: Page, demo: Demo, address: str) -> None:
    """Take a conversation and leave a note, as an agent would."""
    page.goto(f"{demo.url}{address}")
    page.keyboard.press("i")
    page.locator("#assign-menu", has_text="Demo Admin").wait_for()
    note(page, NOTE)


def note(page: Page, text: str) -> None:
    """Write a note into the open conversation."""
    page.keyboard.press("n")
    page.fill("#composer-text", text)
    page.click("#send")
    page.locator(".entry-note", has_text=text[-30:]).wait_for()


def involve_admin(page: Page, demo: Demo, address: str) -> None:
    """What a colleague does, and the admin is told of."""
    page.goto(f"{demo.url}{address}")
    note(page, MENTION)
    page.goto(f"{demo.url}/?view=unassigned")
    page.goto(f"{demo.url}{_address(page.locator('.list-row').nth(2))}")
    page.keyboard.press("a")
    page.locator("#assign-menu button", has_text="Demo Admin").click()
    page.locator("#assign-menu summary", has_text="Demo Admin").wait_for()


def shoot(page: Page, demo: Demo, address: str, name: str) -> None:
    """One picture of what the window shows."""
    page.goto(f"{demo.url}{address}")
    page.wait_for_load_state("networkidle")
    keep(page, name)


def keep(page: Page | Locator, name: str) -> None:
    """Put the picture into its place."""
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"{name}.png")


def shoot_palette(page: Page, demo: Demo, address: str) -> None:
    """The command palette over an open conversation, with something typed."""
    page.goto(f"{demo.url}{address}")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    page.locator("#palette [role=option]").first.wait_for()
    page.keyboard.type("sno")
    page.locator("#palette mark").first.wait_for()
    keep(page, "palette")


def shoot_composer(page: Page, demo: Demo, address: str) -> None:
    """An answer with a described picture and its preview; it stays a draft."""
    page.set_content(SIGN)
    picture = page.locator("svg").screenshot()
    page.goto(f"{demo.url}{address}")
    page.fill("#composer-text", ANSWER)
    chosen = FilePayload(name="hours.png", mimeType="image/png", buffer=picture)
    page.set_input_files("label.attach:not([hidden]) input", chosen)
    page.fill(".attached-alt input", DESCRIPTION)
    page.locator("[data-preview-toggle]").click()
    page.locator(".preview-card").wait_for()
    page.wait_for_load_state("networkidle")
    keep(page.locator("#composer"), "composer")


def shoot_channel(page: Page, demo: Demo) -> None:
    """The page of a connected channel."""
    page.goto(f"{demo.url}/channels/")
    page.get_by_role("link", name="X", exact=True).click()
    page.locator("#connection").wait_for()
    keep(page, "channel")


def shoot_desk(browser: Browser, demo: Demo, session: StorageState, opened: str) -> None:
    """The pictures of a large window. What changes something comes last."""
    page = window(browser, session)
    shoot(page, demo, opened, "inbox")
    shoot(page, demo, "/policies/", "policies")
    shoot(page, demo, "/channels/", "channels")
    shoot_channel(page, demo)
    shoot_palette(page, demo, opened)
    shoot(window(browser, session, scheme="dark"), demo, opened, "inbox-dark")
    shoot(window(browser, session, locale="de-DE"), demo, opened, "inbox-german")
    shoot_composer(page, demo, opened)


def shoot_phone(browser: Browser, demo: Demo, session: StorageState, opened: str) -> None:
    """The pictures of a phone."""
    page = window(browser, session, PHONE)
    shoot(page, demo, "/", "phone-list")
    shoot(page, demo, opened, "phone-conversation")


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
        session = sign_in(browser, demo, demo.email)
        page = window(browser, session)
        opened = conversation(page, demo)
        work_on(page, demo, opened)
        involve_admin(window(browser, sign_in(browser, demo, COLLEAGUE)), demo, opened)
        shoot(window(browser, session, SLIM), demo, "/notifications/", "notifications")
        shoot_phone(browser, demo, session, opened)
        shoot_desk(browser, demo, session, opened)


if __name__ == "__main__":
    main()
