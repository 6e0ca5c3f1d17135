"""What looks as if only one person should read it."""

from __future__ import annotations

import pytest
from earful.inbox.caution import asks_for, reveals


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Please give me order 882130044.", ("an order or customer number",)),
        ("Ihre Bestellnummer: 55-1234-77", ("an order or customer number",)),
        ("Call +44 20 7946 0958 please", ("a phone number",)),
        ("Ring 030 1234567", ("a phone number",)),
        ("Write to ann.lee@mail.example", ("an e-mail address",)),
        ("It was 4111 1111 1111 1111", ("a card number",)),
        ("ann@mail.example, 4111111111111111", ("a card number", "an e-mail address")),
    ],
)
def test_personal_data_is_noticed(text: str, found: tuple[str, ...]) -> None:
    assert reveals(text) == found


@pytest.mark.parametrize(
    "text",
    ["Your order is on the way", "Open 2024-2025 from 10:30", "100000 customers in 2025",
     "https://shop.example/articles/1234567890", "Version 12.34.5678", "4111 1111 1111 1112",
     "8888 8888 8888 8888", "We answered @ann", ""],
)  # fmt: skip
def test_harmless_words_and_numbers_are_not(text: str) -> None:
    assert reveals(text) == ()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Could you send us your order number?", "their order number"),
        ("What is your e-mail?", "their e-mail"),
        ("Please share the screenshot and your phone number", "their phone number"),
        ("We are sorry about your order number mix-up", ""),
        ("Send it back. Your address is fine", ""),
    ],
)
def test_asking_for_it_is_noticed(text: str, asked: str) -> None:
    assert asks_for(text) == asked


@pytest.mark.parametrize("piece", ["0", "a@", "order ", "send your ", "4 ", "+1 ("])
def test_texts_of_any_kind_are_read_to_the_end(piece: str) -> None:
    text = (piece * 70_000)[:65_000]
    assert isinstance(reveals(text), tuple)
    assert isinstance(asks_for(text), str)
