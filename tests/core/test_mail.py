"""Mails are handed to a real server, and what goes wrong is told in words and by its kind."""

from __future__ import annotations

import socket
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from earful import mail
from earful.config import MailConfig
from earful.errors import DeliveryRejected, OutcomeUnknown, TemporaryFailure

from tests.post_office import (
    PASSWORD,
    USER,
    PostOffice,
    free_port,
    open_odd_server,
    open_post_office,
)


def settings(port: int, **more: Any) -> MailConfig:
    known = {"host": "127.0.0.1", "tls": "none", "from_address": "Earful <earful@example.org>"}
    return MailConfig.model_validate({"port": port, **known, **more})


def letter(text: str = "Hello", to: str = "sam@example.org") -> EmailMessage:
    message = EmailMessage(policy=mail.MAIL_POLICY)
    message["From"], message["To"], message["Subject"] = "earful@example.org", to, "News"
    message.set_content(text)
    return message


def refusal(config: MailConfig) -> str:
    with pytest.raises(TemporaryFailure) as caught:
        mail.check(config)
    return str(caught.value)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What OpenSSL trusts is the certificate of the test's own server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "STEP_SECONDS", 0.2)
    monkeypatch.setattr(mail, "DEADLINE_SECONDS", 0.4)


def test_a_mail_arrives_as_it_was_written(tmp_path: Path) -> None:
    with open_post_office(tmp_path) as office:
        mail.send(settings(office.port), letter("Grüße\n.\nund mehr ☂"))

    assert office.recipients == ["sam@example.org"]
    (arrived,) = office.mails
    assert arrived.get_content().splitlines() == ["Grüße", ".", "und mehr ☂"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_and_a_password(tmp_path: Path, trusted: None, tls: str) -> None:
    with open_post_office(tmp_path, tls=tls, login=True) as office:
        config = settings(office.port, tls=tls, user=USER, password=PASSWORD)
        assert mail.check(config).endswith(f"port {office.port} answers, signed in as earful")
        mail.send(config, letter())

    assert len(office.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_password(tmp_path: Path, tls: str) -> None:
    with open_post_office(tmp_path, tls=tls, login=True) as office:
        config = settings(office.port, tls=tls, user=USER, password=PASSWORD)
        assert "its certificate cannot be trusted: self-signed certificate" in refusal(config)
        with pytest.raises(TemporaryFailure):
            mail.send(config, letter())

    assert office.mails == office.recipients == []


def test_a_server_without_the_tls_that_is_asked_for(tmp_path: Path) -> None:
    with open_post_office(tmp_path) as office:
        assert 'offers no STARTTLS; is it tls = "tls"' in refusal(
            settings(office.port, tls="starttls")
        )
        assert 'is it tls = "starttls"' in refusal(settings(office.port, tls="tls"))


def test_a_wrong_password_is_told_without_the_password(tmp_path: Path, trusted: None) -> None:
    with open_post_office(tmp_path, tls="starttls", login=True) as office:
        config = settings(office.port, tls="starttls", user=USER, password="quite wrong")
        words = refusal(config)

    assert "refuses the user or the password" in words
    assert "quite wrong" not in words


def test_nobody_there() -> None:
    assert "nothing takes mail there" in refusal(settings(free_port()))
    assert "no server of this name" in refusal(settings(25, host="nowhere.invalid"))


def test_a_refused_mail_is_for_good_or_for_now(tmp_path: Path) -> None:
    with open_post_office(tmp_path) as office:
        office.answers = ["550 no such\x1bperson", "451 later"]
        with pytest.raises(DeliveryRejected, match=r"no such person \(550\)"):
            mail.send(settings(office.port), letter())
        with pytest.raises(TemporaryFailure, match="later"):
            mail.send(settings(office.port), letter())
        with pytest.raises(DeliveryRejected, match="ASCII"):
            mail.send(settings(office.port), letter(to="söm@example.org"))

    assert office.mails == []


def test_a_server_that_goes_away_after_the_mail_may_have_taken_it(tmp_path: Path) -> None:
    with open_post_office(tmp_path) as office:
        office.answers = ["gone"]
        with pytest.raises(OutcomeUnknown):
            mail.send(settings(office.port), letter())


def test_a_server_that_is_slow_after_the_mail_may_have_taken_it(
    tmp_path: Path, impatient: None
) -> None:
    answered = threading.Event()
    with open_post_office(tmp_path) as office:
        office.before_answer = lambda: answered.wait(10)
        with pytest.raises(OutcomeUnknown):
            mail.send(settings(office.port), letter())
        answered.set()


def test_a_silent_server_is_given_up(impatient: None) -> None:
    def stay_silent(connection: socket.socket) -> None:
        connection.recv(1)

    with open_odd_server(stay_silent) as port:
        assert "does not answer" in refusal(settings(port)) or "too slow" in refusal(settings(port))


def test_a_server_that_never_ends_its_answer_is_given_up(impatient: None) -> None:
    def chatter(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        connection.recv(1000)
        pause = threading.Event()
        while not pause.wait(0.05):
            connection.sendall(b"250-and then\r\n")

    with open_odd_server(chatter) as port:
        assert "too slow" in refusal(settings(port))


def test_a_server_that_speaks_nonsense(impatient: None) -> None:
    with open_odd_server(lambda connection: connection.sendall(b"x" * 20_000)) as port:
        assert "Line too long" in refusal(settings(port))


def test_the_office_itself_is_a_mail_server(tmp_path: Path) -> None:
    with open_post_office(tmp_path) as office:
        assert isinstance(office, PostOffice)
        assert mail.check(settings(office.port)).endswith("answers")
