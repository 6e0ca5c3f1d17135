"""Hands mails to the configured server: connects, secures the connection, signs in, sends.

Knows neither what a mail says nor who gets it. Each error tells what the caller may do next:
after `TemporaryFailure` nothing was taken and a later try may work, `DeliveryRejected` is for good,
and after `OutcomeUnknown` the mail may have left.
"""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import parseaddr
from socket import SHUT_RDWR, gaierror

from earful.config import MailConfig
from earful.errors import DeliveryRejected, OutcomeUnknown, TemporaryFailure

__all__ = ["MAIL_POLICY", "check", "send"]

MAIL_POLICY: EmailPolicy[EmailMessage] = SMTP.clone(cte_type="7bit", max_line_length=250)
"""How mails are written down: any server takes plain ASCII. Addresses in headers stay whole."""
STEP_SECONDS = 10.0
"""How long the server may be silent."""
DEADLINE_SECONDS = 60.0
"""How long one mail may take in all; less than a job may run."""
_LONGEST_ANSWER = 200
_OK = 250
_WILL_FORWARD = 251
_FOR_GOOD = 500


def check(mail: MailConfig) -> str:
    """Connect and sign in, but send nothing; what was found, in words."""
    with _session(mail):
        signed_in = f", signed in as {mail.user}" if mail.user else ""
        return f"{_place(mail)} answers{signed_in}"


def send(mail: MailConfig, message: EmailMessage) -> None:
    """Send to the one person in `To`. Returns once the server has taken it."""
    recipient = parseaddr(message["To"])[1]
    if not recipient.isascii():
        raise DeliveryRejected("Mail servers take addresses of ASCII letters only.")
    content = message.as_bytes(policy=MAIL_POLICY)
    with _session(mail) as server:
        _expect(mail, server.mail(parseaddr(mail.from_address)[1]))
        _expect(mail, server.rcpt(recipient))
        try:
            answer = server.data(content)
        except smtplib.SMTPDataError as error:
            answer = (error.smtp_code, _bytes(error.smtp_error))
        except OSError as error:
            raise OutcomeUnknown(f"{_place(mail)} broke off after the mail: {error}") from error
        _expect(mail, answer)


@contextmanager
def _session(mail: MailConfig) -> Iterator[smtplib.SMTP]:
    """A server that is ready to take mails."""
    server = None
    try:
        server = _connected(mail)
        with _deadline(server):
            _sign_in(server, mail)
            yield server
            with suppress(OSError):
                server.quit()
    except OSError as error:
        raise TemporaryFailure(f"{_place(mail)}: {_reason(mail, error)}") from error
    finally:
        if server is not None:
            server.close()


def _connected(mail: MailConfig) -> smtplib.SMTP:
    # Named here, because finding this machine's own name can take long.
    name = parseaddr(mail.from_address)[1].rpartition("@")[2]
    if mail.tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.host, mail.port, name, timeout=STEP_SECONDS, context=context)
    return smtplib.SMTP(mail.host, mail.port, name, timeout=STEP_SECONDS)


def _sign_in(server: smtplib.SMTP, mail: MailConfig) -> None:
    if mail.tls == "starttls":
        server.starttls(context=ssl.create_default_context())
    server.ehlo_or_helo_if_needed()
    if mail.user and mail.password is not None:
        server.login(mail.user, mail.password.get_secret_value())


@contextmanager
def _deadline(server: smtplib.SMTP) -> Iterator[None]:
    """End the session in time, even if the server keeps it alive byte by byte."""
    end = threading.Timer(DEADLINE_SECONDS, _cut, [server])
    end.daemon = True
    end.start()
    try:
        yield
    finally:
        end.cancel()


def _cut(server: smtplib.SMTP) -> None:
    with suppress(OSError, AttributeError):
        server.sock.shutdown(SHUT_RDWR)  # type: ignore[union-attr]


def _expect(mail: MailConfig, answer: tuple[int, bytes]) -> None:
    code, said = answer
    if code in (_OK, _WILL_FORWARD):
        return
    words = f"{_place(mail)} refuses the mail: {_plain(said)} ({code})"
    raise DeliveryRejected(words) if code >= _FOR_GOOD else TemporaryFailure(words)


def _reason(mail: MailConfig, error: OSError) -> str:
    """Why there is no session, for whoever wrote the configuration."""
    other = "starttls" if mail.tls == "tls" else "tls"
    match error:
        case smtplib.SMTPException():
            words = _refusal(error)
        case ssl.SSLCertVerificationError():
            words = f"its certificate cannot be trusted: {error.verify_message}"
        case ssl.SSLError():
            words = f'speaks no TLS that we understand; is it tls = "{other}", or another port?'
        case gaierror():
            words = "no server of this name is known"
        case ConnectionRefusedError():
            words = "nothing takes mail there; check the host and the port"
        case TimeoutError():
            words = f"does not answer within {STEP_SECONDS:g} seconds"
        case _:
            words = f"cannot be reached ({_plain(error.strerror or error)})"
    return words


def _refusal(error: smtplib.SMTPException) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"refuses the user or the password ({_plain(error.smtp_error)})"
        case smtplib.SMTPResponseException():
            return f"answers {error.smtp_code} {_plain(error.smtp_error)}"
        case smtplib.SMTPServerDisconnected():
            return "closed the connection, or was too slow"
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return 'offers no STARTTLS; is it tls = "tls", or another port?'
    return _plain(error)


def _place(mail: MailConfig) -> str:
    return f"mail server {mail.host}, port {mail.port}"


def _plain(said: object) -> str:
    """What a server said, as a short piece of one line."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    line = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(line.split())[:_LONGEST_ANSWER]


def _bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said
