"""Search: what is found, what is not, and that what is gone is gone from the index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import peewee
import pytest
from earful import store
from earful.store import models
from earful.store.database import TooSlow, time_limit
from earful.store.queries.search import find
from earful.store.queries.search_terms import (
    LONGEST_SEARCH,
    Term,
    excerpt,
    highlight,
    parse_search,
)

from tests.core.store.filler import NOW, Filler, seeing


def texts(query: str, agent_id: int = 0, **options: Any) -> list[str]:
    found = find(parse_search(query), agent_id=agent_id, **options).items
    return ["".join(piece for piece, _ in hit.text) for hit in found]


def test_words_are_found_whole_or_by_their_beginning_in_any_order(filled: Filler) -> None:
    for text in ("The parcel never arrived, says Ana.", "Parcels are slow", "A tortoise"):
        filled.message(filled.conversation(subject="A talk"), text=text)
    assert texts("parcel") == ["Parcels are slow", "The parcel never arrived, says Ana."]
    assert texts("arrived parcel") == ["The parcel never arrived, says Ana."]
    assert texts("PARCELS") == ["Parcels are slow"]
    assert texts("arcel") == []


def test_a_phrase_stands_as_it_was_written(filled: Filler) -> None:
    filled.message(filled.conversation(subject="-"), text="never arrived here")
    filled.message(filled.conversation(subject="-"), text="it arrived but never here")
    assert texts('"never arrived"') == ["never arrived here"]
    assert texts('"never arriv"') == []
    assert len(texts("never arriv")) == 2


def test_people_and_subjects_are_found(filled: Filler) -> None:
    filled.message(filled.conversation(subject="The lost bicycle"), text="Hello")
    assert texts("yuki") == texts("bicycle") == texts("yuki bicycle") == ["Hello"]
    assert texts("from:yuki") == texts("from:@yuki") == texts('from:"yuki tanaka"') == ["Hello"]
    assert texts("from:hello") == []


def test_a_search_can_be_narrowed(filled: Filler) -> None:
    row = filled.conversation(queue=filled.queues[1], assignee=filled.sam, status="resolved")
    message = filled.message(row, text="Money back", sent_at=NOW)
    models.ConversationLabel.create(
        conversation=row, name="topic:refund", added_by="x", added_at=NOW
    )
    models.MessageLabel.create(
        message=message, name="sentiment:negative", score=1, classifier="m", created_at=NOW
    )
    filled.message(filled.conversation(), text="Another", sent_at=NOW - timedelta(days=9))
    for query in (
        "label:topic:refund", "label:topic:*", "label:sentiment:negative", "channel:forum",
        'channel:"our forum"', "queue:bill", "is:resolved", "after:2026-11-20", "is:public",
    ):  # fmt: skip
        assert "Money back" in texts(query), query
    for query in ("label:topic", "label:*", "queue:delivery", "is:open", "before:2026-11-20"):
        assert "Money back" not in texts(query), query
    assert texts("is:mine", filled.sam.id) == ["Money back"]
    assert texts("is:mine") == []
    assert len(texts("is:unread", filled.sam.id)) == 2
    models.ReadCursor.create(agent=filled.sam, conversation=row, message_id=message.id)
    assert texts("is:unread", filled.sam.id) == ["Another"]
    assert texts("another before:2026-11-12 is:open queue:delivery") == ["Another"]


def test_a_day_begins_in_the_zone_of_the_business(filled: Filler) -> None:
    from zoneinfo import ZoneInfo

    found = parse_search("after:2026-11-20", ZoneInfo("Europe/Berlin"))
    assert found.after == datetime(2026, 11, 19, 23, tzinfo=UTC)


@pytest.mark.parametrize("change", ["removed", "deleted", "edited", "erased person", "subject"])
def test_what_is_gone_is_gone_from_the_index(filled: Filler, change: str) -> None:
    row = filled.conversation(subject="Unicorn sighting")
    message = filled.message(row, text="A secret giraffe")
    assert texts("giraffe") == texts("yuki") == texts("unicorn") == ["A secret giraffe"]
    match change:
        case "removed":
            models.Message.update(removal="hidden").execute()
            assert texts("giraffe") == texts("yuki") == []
            models.Message.update(removal=None).execute()
            assert texts("giraffe") == ["A secret giraffe"]
        case "deleted":
            models.Message.delete().where(models.Message.id == message.id).execute()
            assert texts("giraffe") == []
        case "edited":
            models.Message.update(text="A zebra").execute()
            assert texts("giraffe") == []
            assert texts("zebra") == ["A zebra"]
        case "erased person":
            models.Identity.update(name="Somebody", handle="").execute()
            assert texts("yuki") == []
            assert texts("somebody") == ["A secret giraffe"]
        case "subject":
            models.Conversation.update(subject="(deleted)").execute()
            assert texts("unicorn") == []


def test_the_index_holds_nothing_of_what_was_deleted(filled: Filler) -> None:
    filled.message(filled.conversation(), text="A secret giraffe")
    models.Message.update(text="", removal="deleted").execute()
    column = "document::text" if store.is_postgres() else "text"
    rows = models.database.execute_sql(f"SELECT {column} FROM message_search").fetchall()
    assert not any("giraff" in str(row[0]) for row in rows)


HOSTILE = (
    '"', '""', "'", "a' OR 1=1 --", "NEAR(a b)", "author:x", "text : y", "*", "^a", "a AND", "(",
    ")", "-a", "a:b:c", "{a b}", "\x00ab", "%", "_", "\\", "a & b", "!a", "<->", "a:*", "שלום",
    "东京", "🎁🎁", "z" * 200, "is:", "from:", "label:'x", "before:9999-99-99", "after:0001-01-01",
    "from:%", "queue:_", "\u202e\u2066ab", "a\u0301\u0301\u0301\u0301b", "ab " * 12,
)  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_whatever_is_typed_is_a_search_or_told(filled: Filler, query: str) -> None:
    filled.message(filled.conversation(), text="Hello")
    parsed = parse_search(query)
    found = find(parsed, agent_id=1)
    assert parsed.mistakes or parsed.is_empty or found.items in ((), found.items)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x" * (LONGEST_SEARCH + 1), "at most 200"),
        ("ab " * 13, "at most 12"),
        ("before:yesterday", "such as 2026-11-20"),
        ("is:purple", "is: knows open"),
        ("a", "two characters"),
    ],
)
def test_what_cannot_be_searched_is_said_in_words(query: str, said: str) -> None:
    assert said in parse_search(query).mistakes[0]


def test_one_character_of_a_script_without_letters_is_a_word() -> None:
    assert not parse_search("東").mistakes


def test_pages_follow_one_another(filled: Filler) -> None:
    for n in range(5):
        filled.message(filled.conversation(), text=f"Parcel {n}")
    first = find(parse_search("parcel"), agent_id=0, limit=2)
    assert first.next
    second = find(parse_search("parcel"), agent_id=0, limit=2, before_id=int(first.next))
    third = find(parse_search("parcel"), agent_id=0, limit=2, before_id=int(second.next or 0))
    ids = [hit.message_id for page in (first, second, third) for hit in page.items]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 5
    assert third.next is None


def test_a_search_is_one_statement(filled: Filler) -> None:
    filled.many(30)
    with seeing() as statements:
        find(parse_search("hello label:parcel is:open"), agent_id=0)
    read = [sql for sql, _ in statements if sql.lstrip().startswith("SELECT")]
    assert len(read) == 1


def test_a_read_that_does_not_end_is_stopped(filled: Filler) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(TooSlow), time_limit(0.05):
        models.database.execute_sql(endless).fetchall()
    # The connection is as it was.
    assert texts("anything") == []
    with pytest.raises(peewee.DatabaseError), time_limit(5):
        models.database.execute_sql("SELECT * FROM nowhere")


def test_hits_are_marked_in_place_and_nothing_is_lost() -> None:
    text = "Où est mon Café? <b>CAFÉS</b> & cafetière"
    pieces = highlight(text, [Term("café")])
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, marked in pieces if marked] == ["Café", "CAFÉS", "cafetière"]
    assert "".join(piece for piece, _ in highlight("İstanbul ﬁn", [Term("ist")])) == "İstanbul ﬁn"
    assert highlight("", [Term("x")]) == []
    assert [p for p, marked in highlight("a-b ab", [Term("a-b", exact=True)]) if marked] == ["a-b"]


def test_an_excerpt_shows_the_words_that_were_searched_for() -> None:
    text = "word " * 200 + "needle " + "word " * 200
    cut = excerpt(text, [Term("needle")])
    assert "needle" in cut
    assert cut.startswith("…")
    assert cut.endswith("…")
    assert len(cut) < 230
