"""The network under the client: it connects to checked addresses only, and ends in time.

It knows nothing of requests and answers; `httpcore` speaks HTTP over it.
"""

from __future__ import annotations

import functools
import queue
import socket
import threading
from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any

from earful.errors import ChannelError, TemporaryFailure
from earful.http.addresses import is_public
from earful.wording import gettext as _

if TYPE_CHECKING:
    import ssl

    import httpcore

__all__ = ["Wire", "ssl_context"]


class Wire:
    """The network under the pool: checks addresses, and holds every read and write to a deadline.

    It has the methods of `httpcore.NetworkBackend` without its class, to import it late.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.sent = False
        self._until = 0.0

    def start(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self.sent = False

    def left(self) -> float:
        seconds = self._until - monotonic()
        if seconds <= 0:
            raise TemporaryFailure(_("The answer took too long"))
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        import httpcore

        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, self.left(), local_address, socket_options or ()
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(self, stream)
        raise TemporaryFailure(
            _(
                "No connection to %(host)s: %(failure)s",
                host=host,
                failure=failure or _("no address"),
            )
        )

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError  # httpcore sleeps between retries only, and there are none

    def _addresses(self, host: str, port: int) -> list[str]:
        addresses = _resolve(host.strip("[]"), port, self.left())
        if not self.allow_private:
            for address in addresses:
                if not is_public(address):
                    raise ChannelError(
                        _(
                            "%(host)s leads to %(address)s, which is not a public address",
                            host=host,
                            address=address,
                        )
                    )
        return addresses


class _Stream:
    """A connection that ends with the deadline of its wire."""

    def __init__(self, wire: Wire, stream: httpcore.NetworkStream) -> None:
        self._wire = wire
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._wire.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        left = self._wire.left()
        self._wire.sent = True
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> _Stream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._wire.left())
        return _Stream(self._wire, inner)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of a name. The system's lookup knows no deadline, so a thread waits for it."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, name="earful-name-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TemporaryFailure(_("The name %(host)s was not resolved in time", host=host)) from None
    if isinstance(answer, OSError):
        raise TemporaryFailure(
            _("The name %(host)s cannot be resolved: %(answer)s", host=host, answer=answer)
        ) from answer
    return answer


@functools.cache
def ssl_context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)
