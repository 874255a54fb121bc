"""One HTTP exchange that is no load: it is in nobody's statistics, follows no redirect, and is over in time."""

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import gevent

# Bytes of an answer that are read; what is asked for here answers in a few hundred.
_MOST = 64 * 1024


class ExchangeError(Exception):
    """No complete answer came; the message says why, for a person."""


class Answer(NamedTuple):
    """An answer of any status, with the names that Locust's own have."""

    status_code: int
    content: bytes
    retry_after: str | None


def exchange(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, *, seconds: float) -> Answer:
    """Ask, and wait so many seconds for the whole answer; raises ExchangeError."""
    try:
        connection = _connect(url, seconds)
    except ValueError as error:
        raise ExchangeError(f"{url!r} is no address: {error}") from None
    try:
        # The connection's own timeout is that of one read; a server that trickles would never meet it.
        with gevent.Timeout(seconds):
            connection.request(method, urlsplit(url).path or "/", body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.read(_MOST), response.headers.get("Retry-After"))
    except gevent.Timeout:
        raise ExchangeError(f"no complete answer within {seconds:g} s") from None
    except (OSError, HTTPException) as error:
        raise ExchangeError(f"no complete answer: {type(error).__name__}: {error}") from None
    finally:
        connection.close()


def _connect(url: str, seconds: float) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=ssl.create_default_context())
    return HTTPConnection(parts.hostname, parts.port, timeout=seconds)
