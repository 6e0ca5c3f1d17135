"""What a policy did stays English in the store, and is told in the reader's language."""

from __future__ import annotations

import pytest
from earful.policies.actions import ACTIONS, Wish
from earful.policies.retelling import MOVED_NOTHING, retold
from earful.wording import speaking

VALUES = {"priority": "high", "assign": "sam@shop.example", "stop": ""}


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_what_an_action_did_is_told_again(name: str) -> None:
    wish = Wish(name, VALUES.get(name, "Rück “weg” %(value)s"))
    stored = wish.done
    assert retold(stored) == stored
    with speaking("de"):
        assert retold(stored) == wish.done
        assert retold(stored) != stored


def test_what_was_overruled_is_told_again() -> None:
    stored = "did not set the priority to high: an earlier policy decided “low”"
    assert retold(stored) == stored
    with speaking("de"):
        assert Wish("priority", "high").words in retold(stored)
        assert "earlier" not in retold(stored)


def test_words_that_no_action_made_stay_as_they_are() -> None:
    with speaking("de"):
        assert retold("did something long ago") == "did something long ago"
        assert retold(MOVED_NOTHING) != MOVED_NOTHING
    assert retold("") == ""
