"""What to think about before an answer leaves. Nothing here forbids: people decide.

Patterns are bounded, so that a text of any kind is read in time that grows with its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["Caution", "asks_for", "reveals"]


@dataclass(frozen=True, slots=True)
class Caution:
    """One doubt. With `confirm`, the answer leaves only after somebody has said so."""

    code: str
    text: str
    confirm: bool = True


_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?!\w)")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d])")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:\+|00)\d(?:[ ()/.-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![\w.,/-])\(?0\d{2,4}\)?[ /-]?\d(?:[ /-]?\d){4,9}(?!\d)"
)
_ORDER = re.compile(
    r"\b(?:order|invoice|customer|account|tracking|parcel|reference|booking|contract|case|ticket|"
    r"bestell\w{0,12}|auftrags\w{0,12}|rechnungs\w{0,12}|kunden\w{0,12}|sendungs\w{0,12})\b"
    r"[^\d\n]{0,20}\d[\d-]{4,24}",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:send|give|tell|share|post|provide|need|what(?:'s| is)|let us (?:know|have)|reply with)\b"
    r"[^.!?\n]{0,40}?\byour\s(?:full\s|home\s|postal\s|delivery\s)?"
    r"(e-?mail(?: address)?|phone(?: number)?|order (?:number|no\b|id)|account (?:number|name)|"
    r"customer (?:number|id)|card(?: number)?|"
    r"address|date of birth|password)",
    re.IGNORECASE,
)
_ASKED_IN_WORDS = (
    mark("their email"),
    mark("their e-mail"),
    mark("their email address"),
    mark("their e-mail address"),
    mark("their phone"),
    mark("their phone number"),
    mark("their order number"),
    mark("their order no"),
    mark("their order id"),
    mark("their account number"),
    mark("their account name"),
    mark("their customer number"),
    mark("their customer id"),
    mark("their card"),
    mark("their card number"),
    mark("their address"),
    mark("their date of birth"),
    mark("their password"),
)
"""All that the pattern above finds, for translators."""
_NUMBERS = range(13, 20)


def reveals(text: str) -> tuple[str, ...]:
    """What a text seems to tell that only one person should read, as words with their article."""
    found = []
    cards = [each for each in _CARD.findall(text) if _is_card(each)]
    if cards:
        found.append(_("a card number"))
    if _EMAIL.search(text):
        found.append(_("an e-mail address"))
    rest = _CARD.sub(" ", text) if cards else text
    if _ORDER.search(rest):
        found.append(_("an order or customer number"))
    elif _PHONE.search(rest):
        found.append(_("a phone number"))
    return tuple(found)


def asks_for(text: str) -> str:
    """What a text asks a person to write where everybody reads it; "" for nothing."""
    found = _ASKED.search(text)
    if found is None:
        return ""
    words = f"their {found[1].lower()}"
    return _(words)


def _is_card(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()]
    if len(digits) not in _NUMBERS or len(set(digits)) == 1:
        return False
    doubled = [sum(divmod(2 * each, 10)) for each in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
