"""Documents of an invented bicycle shop's blog and forum, to show the channel without a network.

All times lie shortly before the moment of the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from earful import Payload

from earful_forums.meta import Meta

__all__ = ["demo"]

BLOG = "https://larkfield-bikes.example"
FORUM = "https://riders.larkfield-bikes.example"
SHOP = "Larkfield Bikes"


@dataclass(frozen=True, slots=True)
class _Comment:
    number: int
    minutes_ago: int
    post: str
    name: str
    html: str
    answers: int = 0


_POSTS = {
    "heron-e-bike": "The Heron e-bike is here",
    "spring-service": "Book your spring service",
    "new-opening-hours": "New opening hours at the canal shop",
}

_HOSTILE = (
    '<p>Nice frame! <a href="javascript:alert(document.cookie)">My photos</a> and '
    '<a href="https://photos.example/heron">the same again</a>.</p>'
    "<script>alert('hello')</script><style>body{display:none}</style>"
    '<p onmouseover="alert(1)">Greetings<img src="x" onerror="alert(2)"></p>'
)

_COMMENTS = (
    _Comment(301, 2880, "heron-e-bike", "Imke Sollers",
             "<p>Picked mine up on Saturday and I have not stopped smiling since. Best bike I ever "
             "owned, and the fitting was wonderful. Thank you!</p>"),
    _Comment(302, 2790, "heron-e-bike", "Tomas Vrba",
             "<p>What range does it have in winter, with lights on? The page only gives the summer "
             "figure.</p>"),
    _Comment(303, 2700, "heron-e-bike", SHOP,
             "<p>Hello Tomas, count on about two thirds of the summer figure below freezing.</p>",
             302),
    _Comment(304, 2640, "heron-e-bike", "Tomas Vrba",
             "<p>Thanks, that was quick. Does the battery come off for charging indoors?</p>", 303),
    _Comment(305, 1500, "heron-e-bike", "Priya Nand",
             "<p>My Heron's motor cuts out on every hill. Twice I had to push it home, and nobody "
             "answers the phone. <strong>I want this fixed or my money back.</strong></p>"),
    _Comment(306, 1380, "heron-e-bike", "Okello",
             "<blockquote><p>My Heron's motor cuts out on every hill</p></blockquote><p>Same here "
             "since the last update. Is there a recall coming?</p>", 305),
    _Comment(307, 1200, "heron-e-bike", "heron_fan_77", _HOSTILE),
    _Comment(308, 900, "heron-e-bike", "Lucía Ferrer",
             "<p>¿La venden también en talla pequeña? Mido 1,55 y me encantaría probarla.</p>"),
    _Comment(309, 300, "heron-e-bike", "Grete Amundsen",
             "<p>Does it fit a child seat? The rack looks strong enough but the manual says "
             "nothing.</p>"),
    _Comment(310, 45, "heron-e-bike", "Priya Nand",
             "<p>Third day, still no answer. This is really disappointing for a bike of that "
             "price.</p>", 305),
    _Comment(311, 2600, "spring-service", "Bo Lindqvist",
             "<p>The booking form says &#8220;no dates&#8221; for every day in April. Is it broken "
             "or are you that busy? :)</p>"),
    _Comment(312, 2500, "spring-service", "Anneke de Wit",
             "<p>Had my wheels trued last week: perfect work, fair price, and a coffee while I "
             "waited.</p>"),
    _Comment(313, 1800, "spring-service", "R. Mbeki",
             "<p>You charged me for new brake pads that were never fitted. I have the old ones on "
             "my bike to prove it. Please call me.</p>"),
    _Comment(314, 1440, "spring-service", "Bo Lindqvist",
             "<p>Update: it works in another browser. So it is the form.</p>", 311),
    _Comment(315, 600, "spring-service", "Cheap Parts 4U",
             '<p>BEST PRICES chains tyres <a href="https://parts.invalid/?a=1">click</a> '
             '<a href="https://parts.invalid/?a=2">click</a></p>'),
    _Comment(316, 240, "spring-service", "Yuki",
             "<p>How long does a full service take? I need the bike to get to work on Monday.</p>"),
    _Comment(317, 2000, "new-opening-hours", "Old Harbour Runners",
             "<p>Open until eight at last, great news for everybody who works in town.</p>"),
    _Comment(318, 700, "new-opening-hours", "Jonas Weber",
             "<p>Ich stand heute um neun vor verschlossener Tür. Bitte ändert die Zeiten auch auf "
             "der Karte.</p>"),
    _Comment(319, 120, "new-opening-hours", "Mina",
             "<p>Are you open on bank holidays?</p>"),
)  # fmt: skip

_BELT = """<p>After rain my belt squeaks like a nest of mice. Things I tried:</p>
<ul><li>water</li><li>silicone spray</li><li>swearing</li></ul><p>What else is there?</p>"""
_STOLEN = """<p>Taken last night, frame number ends in 884. Please keep your eyes open, and can the
shop block the motor?</p>"""
_APP = "<p>Since version 2 the app finds no bike at all. Android 15. Anybody else?</p>"
_WIKI = f'<p>Check the beam tension, the guide is at <a href="{FORUM}/wiki/belt">the wiki</a>.</p>'
_FORUM = (
    ("12", "Squeaky belt drive", "pedalpoet", 2100, _BELT),
    ("12", "Re: Squeaky belt drive", "gearhead", 1950, _WIKI),
    ("12", "Re: Squeaky belt drive", "pedalpoet", 1000, "<p>That was it. Brilliant!</p>"),
    ("15", "Stolen: blue Heron near the canal", "mira_k", 500, _STOLEN),
    ("15", "Re: Stolen: blue Heron near the canal", "sundayrider", 420,
     "<p>So sorry. I will look around the station.</p>"),
    ("16", "App does not connect", "nils", 90, _APP),
)  # fmt: skip


def demo() -> Iterator[Payload]:
    """A comments feed as WordPress writes it, and a forum's Atom feed."""
    now = datetime.now(UTC).replace(microsecond=0)
    yield _payload(_comments_feed(now), f"{BLOG}/comments/feed/", "application/rss+xml", now)
    yield _payload(_forum_feed(now), f"{FORUM}/feed", "application/atom+xml", now)


def _payload(document: str, url: str, content_type: str, now: datetime) -> Payload:
    meta = Meta(reader="feed", url=url, fetched_at=now, own_names=frozenset({SHOP.casefold()}))
    return Payload(
        body=document.encode(), content_type=f"{content_type}; charset=utf-8", meta=meta.dump()
    )


def _comments_feed(now: datetime) -> str:
    newest_first = sorted(_COMMENTS, key=lambda comment: comment.minutes_ago)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Comments for {SHOP}</title><link>{BLOG}</link>"
        "<generator>https://wordpress.org/?v=6.1.9</generator>"
        + "".join(_item(comment, now) for comment in newest_first)
        + "</channel></rss>"
    )


def _item(comment: _Comment, now: datetime) -> str:
    link = f"{BLOG}/{comment.post}/#comment-{comment.number}"
    date = format_datetime(now - timedelta(minutes=comment.minutes_ago))
    html = _in_reply_to(comment) + comment.html
    return (
        f"<item><title>Comment on {escape(_POSTS[comment.post])} by {escape(comment.name)}</title>"
        f"<link>{link}</link><dc:creator><![CDATA[{comment.name}]]></dc:creator>"
        f'<pubDate>{date}</pubDate><guid isPermaLink="false">{link}</guid>'
        f"<content:encoded><![CDATA[{html}]]></content:encoded></item>"
    )


def _in_reply_to(comment: _Comment) -> str:
    if not comment.answers:
        return ""
    name = next(other.name for other in _COMMENTS if other.number == comment.answers)
    link = f"{BLOG}/{comment.post}/#comment-{comment.answers}"
    return f'<p>In reply to <a href="{link}">{escape(name)}</a>.</p>'


def _forum_feed(now: datetime) -> str:
    entries = [_entry(place, now) for place in range(len(_FORUM))]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Larkfield Riders</title><id>{FORUM}/</id>"
        f"<updated>{now.isoformat()}</updated>" + "".join(reversed(entries)) + "</feed>"
    )


def _entry(place: int, now: datetime) -> str:
    topic, title, name, minutes_ago, html = _FORUM[place]
    link = f"{FORUM}/viewtopic.php?t={topic}&amp;p={90 + place}#p{90 + place}"
    date = (now - timedelta(minutes=minutes_ago)).isoformat()
    return (
        f"<entry><id>{link}</id><title>{escape(title)}</title><link href='{link}'/>"
        f"<author><name>{name}</name></author><published>{date}</published>"
        f"<updated>{date}</updated><content type='html'>{escape(html)}</content></entry>"
    )
