"""Markup to plain text, and which addresses may pass."""

from __future__ import annotations

from time import process_time

import pytest
from earful_forums.links import (
    comment_number,
    is_inside_thread,
    safe_url,
    slug_title,
    thread_of,
    web_url,
)
from earful_forums.text import LONGEST_TEXT, one_line, plain, render
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("no markup\nat all", "no markup\nat all"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<div><div>One</div></div>\n\n<div>Two</div>", "One\n\nTwo"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>after", "- a\n- b\n  - c\n\nafter"),
        ("before<ol><li><p>a</p><p>b</p></li></ol>", "before\n\n- a\n  b"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n>\n> b\n\nc"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ("<pre>x  y\n  z</pre>", "x  y\n  z"),
        ("<b>bo</b><i>ld</i> te<u>xt</u>", "bold text"),
        ("<q>said</q>", "“said”"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ('<a href="https://a.example/">text</a>', "text (https://a.example/)"),
        ('<a href="https://a.example/">https://a.example</a>', "https://a.example"),
        ('<a href="https://a.example/"></a>', "https://a.example/"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="/there">text</a>', "text (https://base.example/there)"),
        ('<a href="javascript:alert(1)">text</a>', "text"),
        ('<a href="java\nscript:alert(1)">text</a>', "text"),
        ('<a href="//[bad">text</a>', "text"),
        ("<script>alert(1)</script>x<style>p{}</style>", "x"),
        ("<script>alert(1)", ""),
        ("x<!-- hidden -->y", "xy"),
        ('<img class="wp-smiley" alt="🙂" src="s.png">', "🙂"),
        ('<p title="a>b">x</p>', "x"),
        ('<img alt="1 > 0 &quot;q&quot;" src="/a.png">x', "x"),
        ("a\x00b\x08c\ud800d", "abcd"),
        ("<p>a\x00b\ud800c</p>", "abc"),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert render(markup, "https://base.example/x").text == text


def test_images_are_kept_apart() -> None:
    found = render(
        '<img src="/a.png" alt="1 &gt; 0"><img src="data:x"><img src="javascript:x">',
        "https://b.example",
    )
    assert found.images == [("https://b.example/a.png", "1 > 0")]


def test_text_is_bounded_and_says_so() -> None:
    for long in ("x" * 100_000, "<p>" + "y" * 300_000 + "</p>"):
        text = render(long).text
        assert len(text) == LONGEST_TEXT
        assert text.endswith("…")
    assert plain("a\r\nb\n\n\n\n\nc ") == "a\nb\n\nc"


def test_a_title_is_one_line_without_tricks() -> None:
    assert one_line("<script>x</script>Hi <b>you</b>\n\n there") == "Hi you there"
    assert one_line("evil\u202egnp.exe") == "evilgnp.exe"
    assert one_line("a < b", is_markup=False) == "a < b"
    assert len(one_line("long " * 1000)) <= 300


@pytest.mark.parametrize(
    "markup",
    ["<div>" * 60_000, "<b>" * 90_000, "<!--" * 60_000, "&#" * 100_000, "<a href='" * 30_000,
     "<blockquote>" * 2_900, "<ul>" * 2_900 + "x", "<table>" * 2_900, "\n " * 130_000,
     "<" * 250_000, "&amp" * 60_000, "<p " + "a=b " * 60_000, "<a>" * 2_900 + "</a>" * 50],
)  # fmt: skip
def test_tangled_markup_takes_no_time(markup: str) -> None:
    began = process_time()
    render(markup)
    assert process_time() - began < 2


@given(
    st.text(alphabet=st.sampled_from("<>/&;\"'=# \n\x00\ud800abp") | st.characters(), max_size=300)
)
def test_any_text_can_be_rendered(markup: str) -> None:
    for text in (render(markup).text, one_line(markup)):
        text.encode()
        assert "\x00" not in text


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x?y=1#z", True),
        ("http://a.example", True),
        ("HTTPS://a.example/", True),
        ("mailto:a@b.example", True),
        ("mailto:nobody", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//a.example/x", False),
        ("https:///x", False),
        ("https://a.example/a b", False),
        ("https://a.example/\x00", False),
        ("https://a.example:99999/", False),
        ("https://[::1", False),
        ("https://a.example/" + "x" * 3000, False),
        ("", False),
        (None, False),
    ],
)
def test_only_harmless_addresses_pass(url: str | None, safe: bool) -> None:  # noqa: FBT001
    assert (safe_url(url) is not None) == safe


def test_a_page_is_never_a_mail_address() -> None:
    assert web_url("mailto:a@b.example") is None
    assert web_url(" https://a.example/ ") == "https://a.example/"


@pytest.mark.parametrize(
    ("url", "thread"),
    [
        ("https://f.example/t/slug/12/7", "https://f.example/t/slug/12"),
        ("https://f.example/topic/5/slug/9", "https://f.example/topic/5/slug"),
        (
            "https://f.example/viewtopic.php?f=2&t=5&p=93#p93",
            "https://f.example/viewtopic.php?f=2&t=5",
        ),
        ("https://f.example/viewtopic.php?p=93#p93", None),
        (
            "https://f.example/showthread.php?tid=4&page=2&pid=9",
            "https://f.example/showthread.php?tid=4",
        ),
        ("https://f.example/threads/slug.7/page-3#post-8", "https://f.example/threads/slug.7/"),
        ("https://f.example/post/77", None),
        ("https://f.example/big-news/comment-page-2/#x", "https://f.example/big-news/"),
        ("https://f.example/?p=12", "https://f.example/?p=12"),
    ],
)
def test_a_thread_has_no_page_and_no_place(url: str, thread: str | None) -> None:
    assert thread_of(url) == thread


def test_places_inside_a_thread_are_known() -> None:
    assert is_inside_thread("https://f.example/t/slug/12/7")
    assert not is_inside_thread("https://f.example/t/slug/12/1")
    assert not is_inside_thread("https://f.example/topic/5/slug#x")


def test_numbers_and_words_of_addresses() -> None:
    assert comment_number("https://a.example/x/#comment-12") == "12"
    assert comment_number("https://a.example/#comment-12x") is None
    assert comment_number("comment-3") is None
    assert slug_title("https://a.example/2026/big-%20news_now/") == "Big  news now"
