"""A WordPress for the whole run, empty at the start of each test, and Earful beside it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from earful import actions, config, store
from earful.plugins import PluginHost
from earful.runtime import Runtime
from earful.testing.inbox import Inbox
from earful.testing.job_queue import MemoryJobQueue
from playwright.sync_api import Browser, Page

from tests.peers.blog import Blog, Post
from tests.peers.house import House, write_config

FACE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2">'
    '<circle cx="1" cy="1" r="1" fill="#c9d3dc"/></svg>'
)
OpenInbox = Callable[..., Inbox]


@pytest.fixture(scope="session")
def _wordpress() -> Iterator[Blog]:
    # Not pytest's own folder: the database's user has to get in.
    folder = Path(tempfile.mkdtemp(prefix="earful-wordpress-"))
    try:
        blog = Blog.start(folder)
    except FileNotFoundError as error:
        shutil.rmtree(folder)
        pytest.skip(f"{error} (tests/peers/wordpress_packages.sh installs it)")
    yield blog
    blog.stop()
    shutil.rmtree(folder)


@pytest.fixture
def blog(_wordpress: Blog) -> Blog:
    _wordpress.clear()
    return _wordpress


@pytest.fixture
def post(blog: Blog) -> Post:
    return blog.write_post("Which chain for winter?")


@pytest.fixture
def open_inbox(
    blog: Blog, tmp_path: Path, earful_database: str, earful_plugins: PluginHost
) -> Iterator[OpenInbox]:
    """Opens an installation in this process: without credentials, unless a user is named."""

    def opened(**settings: object) -> Inbox:
        file = write_config(tmp_path, blog, database=earful_database, **settings)
        loaded = config.load(file, {})
        runtime = Runtime.open(loaded, jobs=MemoryJobQueue(), plugins=earful_plugins)
        now = datetime.now(UTC)
        actions.sync_channels(runtime, now=now)
        return Inbox(runtime, now)

    yield opened
    store.close()


@pytest.fixture
def open_house(blog: Blog, tmp_path: Path, earful_database: str) -> Iterator[Callable[..., House]]:
    """Starts `earful up`: all its processes, as an operator does, signed in as the blog's admin."""
    houses = []

    def opened(**settings: object) -> House:
        settings = {"user": blog.admin, **settings}
        file = write_config(tmp_path, blog, database=earful_database, **settings)
        house = House(file)
        houses.append(house)
        house.start()
        store.open_database(earful_database)
        return house

    yield opened
    for house in houses:
        house.stop()
    store.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    # Nothing leaves this machine: whatever else a page wants, such as a face, is this circle.
    context.route(
        re.compile(r"^https?://(?!127\.0\.0\.1[:/])"),
        lambda route: route.fulfill(content_type="image/svg+xml", body=FACE),
    )
    yield context.new_page()
    context.close()
