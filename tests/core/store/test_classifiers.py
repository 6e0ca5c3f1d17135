"""What the page of models reads: bounded by days and by an index, however much is stored."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from earful.store import bulk, database, models
from earful.store.queries.classifiers import MOST_BATCHES, classifier_figures

from tests.core.store.filler import NOW, seeing

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _open(open_database: str) -> None:
    """Every test runs on each database."""


def fill(days: int) -> None:
    dates = [(TODAY - timedelta(days=n)).isoformat() for n in range(days)]
    bulk.insert(
        models.ClassifierDay,
        [
            {"day": day, "classifier": name, "version": version, "messages": 10}
            for day in dates
            for name, version in (("", ""), ("tone", "1"), ("tone", "2"))
        ],
    )
    bulk.insert(
        models.LabelVerdict,
        [
            {
                "day": day, "classifier": "tone", "version": "2", "namespace": "sentiment",
                "said": "negative", "meant": meant, "count": 1,
            }
            for day in dates
            for meant in ("negative", "neutral")
        ],
    )  # fmt: skip
    bulk.insert(
        models.ClassifierBatch,
        [
            {"classifier": "tone", "version": "2", "at": NOW, "messages": 4, "milliseconds": 2.0}
            for _ in range(MOST_BATCHES + 50)
        ],
    )


def test_figures_add_up_over_the_days_asked_for() -> None:
    fill(days=40)

    total, figures = classifier_figures(TODAY - timedelta(days=6))

    assert total == 70
    tone = figures["tone"]
    assert tone.labelled == {"1": 70, "2": 70}
    confusion = tone.confusion["2"]["sentiment"]
    assert (confusion.agreed, confusion.total, confusion.meant("neutral")) == (7, 14, 7)
    assert tone.speed
    assert (tone.speed.batches, tone.speed.per_second) == (100, 2000.0)


def test_nothing_stored_is_nothing_told() -> None:
    assert classifier_figures(date(2026, 1, 1)) == (0, {})


def test_days_are_found_by_their_index_and_batches_are_read_from_their_end() -> None:
    if database.is_postgres():
        pytest.skip("the planner of PostgreSQL decides by statistics")
    fill(days=40)
    with seeing() as statements:
        classifier_figures(TODAY)

    assert len(statements) == 3
    for sql, values in statements:
        plan = " ".join(str(row) for row in database.rows(f"EXPLAIN QUERY PLAN {sql}", values))
        if "classifier_batch" in sql:
            assert "LIMIT" in sql
            assert "USE TEMP B-TREE" not in plan
        else:
            assert "SEARCH t1 USING" in plan, plan
