"""Messages to customer care, put together from parts we wrote: who is frustrated, and who is not.

No published set with a free licence says who is frustrated with a service. Frustration, as people
in care mean it, is a need that stays unmet: waiting, asking again, being sent around, giving up.
These messages teach that; they know only the wordings below, which is why the model's score is
measured on messages written apart from them (`care_check.tsv`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from training.targets import Target

__all__ = ["Message", "care_messages"]

Message = tuple[str, Target, float]
"""Text, tone, and how frustrated from 0 to 1."""

_NEGATIVE: Target = (0.9, 0.1, 0.0)
_CONCERNED: Target = (0.4, 0.6, 0.0)
_NEUTRAL: Target = (0.08, 0.87, 0.05)
_POSITIVE: Target = (0.0, 0.1, 0.9)

_THINGS = (
    "my order|the refund|my parcel|the app|my account|the invoice|my booking|the router|"
    "the replacement|my subscription|the new phone|the delivery|my password reset|the engineer|"
    "the voucher|my ticket|the update|the washing machine|my claim|the payment|the heating|"
    "my train|the return label|the website|my contract"
).split("|")

_UNMET = (
    "still waiting for {thing}, it has been three weeks|"
    "this is the third time I ask about {thing}|"
    "fourth email about {thing} and still no answer|"
    "why does nobody reply about {thing}?|"
    "I have called five times about {thing} and keep being passed around|"
    "on hold for 50 minutes because of {thing}, then cut off|"
    "{thing} again?! You said it was fixed|"
    "how many more times do I have to explain what is wrong with {thing}|"
    "every week there is another problem with {thing}|"
    "you promised {thing} for Monday, then Tuesday, now nobody knows anything|"
    "no one can tell me what is going on with {thing}|"
    "I keep getting the same copied answer about {thing}|"
    "two months. Two months for {thing}|"
    "{thing} is broken for the second time this month|"
    "been going round in circles with you about {thing} since May|"
    "your chat closed on me again while I asked about {thing}|"
    "nothing about {thing} works and nobody cares|"
    "I took a day off for {thing} and nobody came. Again"
).split("|")

_OUTBURSTS = (
    "|seriously|come on|unbelievable|ridiculous|what a joke|I give up|enough is enough|"
    "so tired of this|this is getting old|I've had it|sort it out|just do your job|"
    "beyond annoyed|pathetic service|is anybody even there?|wtf|ffs|ugh"
).split("|")

_LAST_WORDS = (
    "|I want to speak to a manager|cancelling if this is not solved today|"
    "never ordering from you again|this is my last try before I complain to the regulator|"
    "do something|I am moving to somebody else|give me my money back|answer me|"
    "what do I have to do to get help?|pouting face|face with rolling eyes|weary face"
).split("|")

_ASKED = (
    "hi, could you tell me when {thing} will be ready?|is there any news about {thing}?|"
    "how do I change the address for {thing}?|quick question about {thing}: is it covered?|"
    "does {thing} work abroad too?|can I pay for {thing} by card?|"
    "I would like to know more about {thing}, please|where do I find {thing} in the settings?|"
    "I sent you a message about {thing} this morning|what are the opening hours for {thing}?|"
    "just ordered, how long does {thing} take usually?|which number do I call about {thing}?|"
    "please send me a copy of the terms for {thing}|do I need anything else for {thing}?"
).split("|")

_REPORTED = (
    "hello, {thing} does not work since this morning, can you have a look?|"
    "there is a small mistake in {thing}, please correct it|"
    "I think something went wrong with {thing}|{thing} arrived with a scratch, what shall I do?|"
    "I get error 403 with {thing}|sorry to bother you, {thing} seems to be missing a part|"
    "we noticed that {thing} is a bit slow today|{thing} has not arrived yet, it was due today"
).split("|")

_THANKED = (
    "thank you for sorting out {thing} so quickly|{thing} works perfectly now, thanks|"
    "love {thing}, great job|finally got {thing} and it is wonderful|"
    "shout out to your team, {thing} was solved in five minutes|"
    "took two calls but {thing} is fixed, very kind people|so happy with {thing}|"
    "waited long for {thing} but it was worth it"
).split("|")

_BAD_BUT_NOT_UNMET = (
    "so sad to hear about the accident yesterday|that film was awful|what a terrible match|"
    "the weather is miserable today|rest in peace, we will miss you|"
    "I feel sick today|the news from the coast is horrible|I am afraid of flying|"
    "worst song I have ever heard|my grandmother died last week|"
    "crying at this scene every time|that politician is a liar"
).split("|")


def care_messages(count: int = 3_000, seed: int = 7) -> list[Message]:
    """`count` messages, two in five frustrated; the same ones for the same seed."""
    order = random.Random(seed)  # noqa: S311
    return [message for _, message in zip(range(count), _endless(order), strict=False)]


def _endless(order: random.Random) -> Iterator[Message]:
    while True:
        yield _frustrated(order)
        yield _frustrated(order)
        yield _plain(order, _ASKED, _NEUTRAL)
        if order.random() < 0.5:  # noqa: PLR2004
            yield _plain(order, _REPORTED, _CONCERNED)
        else:
            yield _plain(order, _BAD_BUT_NOT_UNMET, _NEGATIVE)
        yield _plain(order, _THANKED, _POSITIVE)


def _frustrated(order: random.Random) -> Message:
    parts = [_filled(order, _UNMET), order.choice(_OUTBURSTS), order.choice(_LAST_WORDS)]
    if order.random() < 0.3:  # noqa: PLR2004
        order.shuffle(parts)
    text = order.choice((". ", "! ", ", ", " ... ", ". ")).join(part for part in parts if part)
    return _addressed(order, text), _NEGATIVE, 1.0


def _plain(order: random.Random, wordings: list[str], tone: Target) -> Message:
    return _addressed(order, _filled(order, wordings)), tone, 0.0


def _filled(order: random.Random, wordings: list[str]) -> str:
    return order.choice(wordings).format(thing=order.choice(_THINGS))


def _addressed(order: random.Random, text: str) -> str:
    before = order.choice(("", "", "@user ", "@user @user "))
    return (
        before
        + text
        + order.choice(("", "", "", " http", "!", " #fail" if "again" in text else ""))
    )
