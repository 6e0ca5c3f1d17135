"""What a digest says. It tells who and where, never what somebody wrote.

A mail lies in places that Earful cannot reach, and outlives an erasure: so a person's words stay
out of it. Names come from strangers; they are escaped, and made such that they neither turn the
line around nor become a link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

from earful.config import MailConfig
from earful.inbox.telling import in_words
from earful.inbox.text import one_line
from earful.mail import MAIL_POLICY
from earful.store.queries.digests import MOST_READ, DigestNews
from earful.store.queries.references import AgentName
from earful.wording import gettext as _
from earful.wording import language, ngettext

__all__ = ["Reader", "digest_mail"]

MOST_NAMED = 20
LONGEST_NAME = 80
# What turns the direction of a line, and what joins a name so that mail programs link it.
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
_LINKING = re.compile(r"(?<=\w)([.:@/])(?=[\w/])")
_APART = "\\1\u200b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who gets it, and where their links lead."""

    email: str
    public_url: str


@dataclass(frozen=True, slots=True)
class _Line:
    words: str
    url: str


def digest_mail(
    digest_id: int, reader: Reader, news: DigestNews, mail: MailConfig, *, now: datetime
) -> EmailMessage:
    """The mail, in the language in force."""
    domain = parseaddr(mail.from_address)[1].rpartition("@")[2]
    profile = f"{reader.public_url}/profile/"
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = mail.from_address
    message["To"] = reader.email
    message["Subject"] = _many(news)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<earful-digest-{digest_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{profile}>"
    lines, held, rest = _lines(reader, news), _held(reader, news), _rest(reader, news)
    why = _Line(_("How often this mail comes, and what it tells, is set in your profile."), profile)
    message.set_content(_plain(news, lines, [*rest, held, why]))
    message.add_alternative(_html(news, lines, [*rest, held, why]), subtype="html")
    return message


def _many(news: DigestNews) -> str:
    count = len(news)
    return ngettext("One thing is new for you in Earful", "%(n)s things are new for you in Earful",
                    count)  # fmt: skip


def _lines(reader: Reader, news: DigestNews) -> Sequence[_Line]:
    """The newest of each, the overdue ones first."""
    late = [
        _Line(
            _("%(contact)s waits for an answer that is overdue", contact=_name(each.contact)),
            _conversation(reader, each.conversation_id),
        )
        for each in news.overdue[:MOST_NAMED]
    ]
    told = [
        _Line(
            in_words(replace(each, contact=_name(each.contact), by=each.by and _agent(each.by))),
            f"{reader.public_url}{each.path}",
        )
        for each in news.notices[: MOST_NAMED - len(late)]
    ]
    return [*late, *told]


def _rest(reader: Reader, news: DigestNews) -> Sequence[_Line]:
    """What is new beside the lines; nothing where that is all."""
    more = len(news) - MOST_NAMED
    if more <= 0:
        return []
    words = ngettext("One more is new.", "%(n)s more are new.", more)
    if MOST_READ in (len(news.notices), len(news.overdue)):
        words = _("More than %(n)s more are new.", n=more)
    return [_Line(words, f"{reader.public_url}/notifications/")]


def _held(reader: Reader, news: DigestNews) -> _Line:
    words = ngettext("You hold one open conversation.", "You hold %(n)s open conversations.",
                     news.held)  # fmt: skip
    if news.held_overdue:
        words += " " + ngettext("One is overdue.", "%(n)s are overdue.", news.held_overdue)
    return _Line(words, f"{reader.public_url}/?view=mine")


def _conversation(reader: Reader, conversation_id: int) -> str:
    return f"{reader.public_url}/?c={conversation_id}"


def _agent(by: AgentName) -> AgentName:
    return replace(by, name=_name(by.name))


def _name(text: str) -> str:
    return _LINKING.sub(_APART, one_line(_DIRECTIONS.sub("", text), LONGEST_NAME)) or "?"


def _plain(news: DigestNews, lines: Sequence[_Line], foot: Sequence[_Line]) -> str:
    parts = [f"{_many(news)}."]
    parts += [f"* {line.words}\n  {line.url}" for line in lines]
    parts += [f"{line.words}\n{line.url}" for line in foot]
    return "\n\n".join(parts) + "\n"


def _html(news: DigestNews, lines: Sequence[_Line], foot: Sequence[_Line]) -> str:
    items = "".join(f"<li>{_link(line)}</li>\n" for line in lines)
    paragraphs = "".join(f"<p>{_link(line)}</p>\n" for line in foot)
    return (
        f'<!doctype html>\n<html lang="{escape(language().replace("_", "-"))}">\n'
        f'<head><meta charset="utf-8"><title>{escape(_many(news))}</title></head>\n'
        f"<body>\n<p>{escape(_many(news))}.</p>\n<ul>\n{items}</ul>\n{paragraphs}</body>\n</html>\n"
    )


def _link(line: _Line) -> str:
    return f'<a href="{escape(line.url)}">{escape(line.words)}</a>'
