"""The HTTP user of both phases, on Locust's FastHttpUser.

FastHttpUser costs a fraction of HttpUser's CPU per request, which counts where the load generator and what it loads
share a machine. Its client raises on every status that is not a success and then renders the whole conversation as
text, which fails on bodies that are not UTF-8; here it is told to take every status, and the tasks judge the answer.
"""

import re

from locust import FastHttpUser
from locust.contrib.fasthttp import ResponseContextManager
from locust.env import Environment
from locust.exception import StopUser

from pulso.exchange import Answer
from pulso.run import REQUEST_TIMEOUT, Phase
from pulso.samples import SampleError, loads


class PulsoUser(FastHttpUser):
    """A user whose tasks look at the status of each answer themselves."""

    abstract = True
    phase: Phase
    network_timeout = REQUEST_TIMEOUT
    connection_timeout = REQUEST_TIMEOUT

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client.client.valid_response_codes = range(1000)

    def leave_if_over(self) -> None:
        """End this user when the run is ending; each task begins with it, for users that are started late."""
        if self.phase.is_stopping:
            raise StopUser


def broken(response: ResponseContextManager) -> str | None:
    """Say what went wrong when no answer arrived, or not all of it; None for a complete answer of any status."""
    error = response.request_meta["exception"]
    if error is None:
        return None
    return f"no complete answer: {type(error).__name__}: {error}"


def status(response: ResponseContextManager | Answer) -> str:
    """Name an answer that is not a success, like "HTTP 503 saturado".

    Locust keeps every different text that it is given: this one has no values in it.
    """
    return f"HTTP {response.status_code} {error_code(response)}".rstrip()


def error_code(response: ResponseContextManager | Answer) -> str:
    """Return the contract's code of an error; empty where the answer has none."""
    code = _body(response).get("error")
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""


def refusal(response: ResponseContextManager | Answer) -> str:
    """Describe an answer that is not a success, with its message and the first wrong fields where it names them.

    At most 300 characters, all printable: the server may be anything, and the text goes to a terminal.
    """
    body = _body(response)
    fields = body.get("campos")
    details = [body.get("mensaje")]
    if isinstance(fields, list):
        details += [f"{item.get('campo')} {item.get('motivo')}" for item in fields[:3] if isinstance(item, dict)]
    text = ": ".join([status(response), *(str(detail) for detail in details if detail)])
    return "".join(character if character.isprintable() else "?" for character in text)[:300]


def _body(response: ResponseContextManager | Answer) -> dict:
    try:
        body = loads(response.content or b"")
    except SampleError:
        return {}
    return body if isinstance(body, dict) else {}
