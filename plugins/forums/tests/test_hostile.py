"""Documents made to break readers: messages or a `PayloadError`, in time, and nothing else.

The last test reads feedparser's own test files, which its source distribution carries; `make test`
brings it into the environment.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from earful import InboundMessage, Payload, PayloadError
from earful_forums import FORUMS
from earful_forums.meta import Meta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIXTURES = Path(__file__).parent / "fixtures"
TEST_FILES = Path(sys.prefix) / "test-files"
SECONDS = 5.0
META = Meta(url="https://a.example/feed", fetched_at=datetime(2026, 3, 10, tzinfo=UTC)).dump()


def survives(body: bytes, meta: dict[str, str] | None = None, content_type: str = "") -> int:
    """How many messages it gives; each of them harmless."""
    began = process_time()
    payload = Payload(body=body, meta=meta or META, content_type=content_type)
    try:
        found = list(FORUMS.parse(payload))
    except PayloadError:
        found = []
    assert process_time() - began < SECONDS
    for message in found:
        assert isinstance(message, InboundMessage)
        _is_harmless(message)
    return len(found)


def _is_harmless(message: InboundMessage) -> None:
    texts = (message.text, message.thread_title, message.author.name, message.external_id)
    "".join(texts).encode()
    assert not any("\x00" in text for text in texts)
    assert len(message.text) <= 64 * 1024
    assert len(message.thread_title) <= 300
    assert message.sent_at.tzinfo is UTC
    addresses = [message.url, message.thread_url, message.author.url, message.author.avatar_url]
    for address in (*addresses, *(one.url for one in message.attachments)):
        assert address is None or address.lower().startswith(("http://", "https://"))
    assert len(message.attachments) <= 10


@given(st.binary(max_size=2000))
def test_random_bytes_never_crash(body: bytes) -> None:
    survives(body)
    survives(body, {"reader": "wordpress"})


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    name=st.sampled_from(sorted(p.name for p in FIXTURES.glob("*.xml"))),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    junk=st.binary(max_size=40),
)
def test_damaged_feeds_never_crash(name: str, cut: tuple[float, float], junk: bytes) -> None:
    body = (FIXTURES / name).read_bytes()
    start, end = sorted(int(part * len(body)) for part in cut)
    survives(body[:start] + junk + body[end:])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_KEYS = (
    "id parent post author author_name author_url link date_gmt content author_avatar_urls "
    "_embedded status"
)


@given(st.dictionaries(st.sampled_from(_KEYS.split()), _JSON), _JSON)
def test_odd_comments_never_crash(comment: dict[str, Any], other: Any) -> None:
    whole = {"id": 1, "date_gmt": "2026-03-10T08:00:00", "content": {"rendered": "x"}}
    for value in (other, comment, [comment], [{**whole, **comment}], [whole, other]):
        survives(json.dumps(value).encode(), {"reader": "wordpress"})


def _bomb() -> bytes:
    entities = ['<!ENTITY a0 "aaaaaaaaaa">']
    entities += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    return f"<!DOCTYPE l [{''.join(entities)}]>{_rss('<title>&a9;</title>')}".encode()


def _rss(inner: str) -> str:
    return f'<rss version="2.0"><channel>{inner}</channel></rss>'


def _item(name: str, text: str) -> bytes:
    return _rss(f"<item><title>x</title><{name}>{text}</{name}></item>").encode()


def _numbered(name: str, most: int) -> str:
    return "".join(f"<{name}>{number}</{name}>" for number in range(most))


_ITEM = "<item><title>x</title><description>y</description></item>"
_ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content type="xhtml">'
_DECLARED = "<?xml version='1.0' encoding='cp037'?>"
CRAFTED = {
    "bomb": _bomb(),
    "bomb in EBCDIC": (_DECLARED + _bomb().decode()).encode("cp037"),
    "author": _item("author", "a@" * 200_000),
    "author's name": _ATOM + b"<author><name>" + b"a@" * 200_000,
    "creator": _item("dc:creator", "a@a." * 100_000),
    "categories": _rss(f"<item>{_numbered('category', 50_000)}</item>").encode(),
    "tags": _item("media:keywords", ",".join(map(str, range(100_000)))),
    "declarations": b"<?xml " + b"encoding='' " * 20_000 + _rss(_ITEM).encode(),
    "lines before": b"<?xml version='1.0'?>" + b"\n" * 300_000 + _rss(_ITEM).encode(),
    "no encoding": b"<?xml version='1.0' encoding='punycode'?>" + b"a-" + b"b" * 300_000,
    "file": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + _rss("<item><title>&x;</title></item>").encode(),
    "dtd": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">' + _rss(_ITEM).encode(),
    "many": _rss(_ITEM * 50_000).encode(),
    "many, cut off": _rss(_ITEM * 20_000).encode()[:-30],
    "nested": b'<rss version="2.0"><channel>' + b"<item>" * 20_000,
    "deep text": _rss("<item><description>" + "&lt;div&gt;" * 200_000).encode(),
    "enclosures": _rss("<item>" + '<enclosure url="https://a.example/x"/>' * 10_000).encode(),
    "xhtml": _ATOM + b"<div>" * 20_000,
    "ampersands": b"<rss version='2.0'><channel><title>" + b"&" * 200_000,
    "openings": b"<" * 300_000,
    "attributes": b"<rss " + b"a='b' " * 100_000 + b">",
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_documents_end_in_time(name: str) -> None:
    survives(CRAFTED[name])


@pytest.mark.parametrize("charset", ["", "; charset=cp037", "; charset=utf-7"])
def test_entities_are_refused_in_every_encoding(charset: str) -> None:
    for codec in ("cp037", "utf-7", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"):
        body = f"<?xml version='1.0' encoding='{codec}'?>{_bomb().decode()}".encode(codec)
        payload = Payload(body=body, meta=META, content_type=f"text/xml{charset}")
        with pytest.raises(PayloadError):
            FORUMS.parse(payload)


@pytest.mark.parametrize("codec", ["utf-16", "utf-32", "latin-1", "cp1252", "shift_jis", "utf-7"])
def test_other_encodings_never_crash(codec: str) -> None:
    text = (FIXTURES / "forum-topics.xml").read_text()
    survives(text.encode(codec, "xmlcharrefreplace"), content_type=f"text/xml; charset={codec}")


def _feedparser_files() -> Iterator[tuple[str, bytes]]:
    archives = sorted(TEST_FILES.glob("feedparser-*.tar.gz"))
    if not archives:
        pytest.skip("feedparser's source package is not there (`make test` brings it)")
    with tarfile.open(archives[-1]) as archive:
        for member in archive:
            if member.isfile() and "/tests/" in member.name and not member.name.endswith(".py"):
                content = archive.extractfile(member)
                assert content is not None
                yield member.name, content.read()


def test_feedparsers_own_files_give_messages_or_a_payload_error() -> None:
    files = messages = 0
    for name, body in _feedparser_files():
        try:
            messages += survives(body)
        except Exception as error:
            raise AssertionError(f"{name} fails") from error
        files += 1
    assert files > 2000
    assert messages > 500
