"""Posts alerts to a server's own inlet, as any sender would: by HTTP, with a token, at the address that people use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from io import BytesIO

import msgspec
import pycurl

from opsbook.ground.errors import Failure

TIMEOUT_S = 10
KNOWN_WITHIN_S = 5.0  # a new token counts once the server has looked
PAUSE_S = 0.5
PATH = "/api/v2/alerts"
_SHOWN = 200  # characters of an answer


class OwnInlet:
    """The inlet of Alertmanager's API at an address; `authorities` is the file of the trusted."""

    def __init__(self, address: str, agent: str, authorities: str = "") -> None:
        self._address = address.rstrip("/")
        self._agent = agent
        self._authorities = authorities

    def post(self, alerts: Sequence[dict[str, object]], token: str) -> None:
        """Returns once they were taken. Raises Failure where they were not, with the reason."""
        until = time.monotonic() + KNOWN_WITHIN_S
        while (answer := self._posted(msgspec.json.encode(list(alerts)), token))[0] == 401:
            if time.monotonic() > until:
                break
            time.sleep(PAUSE_S)
        status, said = answer
        if not 200 <= status < 300:
            raise Failure(f"{self._address}{PATH} answers with {status}: {said[:_SHOWN]}", retryable=True)

    def _posted(self, body: bytes, token: str) -> tuple[int, str]:
        curl, said = pycurl.Curl(), BytesIO()
        try:
            curl.setopt(pycurl.NOSIGNAL, 1)
            curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
            curl.setopt(pycurl.URL, (self._address + PATH).encode())
            curl.setopt(pycurl.USERAGENT, self._agent)
            curl.setopt(pycurl.TIMEOUT, TIMEOUT_S)
            curl.setopt(pycurl.POSTFIELDS, body)
            curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", f"Authorization: Bearer {token}"])
            curl.setopt(pycurl.WRITEDATA, said)
            if self._authorities:
                curl.setopt(pycurl.CAINFO, self._authorities)
            curl.perform()
            return curl.getinfo(pycurl.RESPONSE_CODE), said.getvalue().decode("utf-8", "replace").strip()
        except pycurl.error as wrong:
            words = wrong.args[1] if len(wrong.args) > 1 else "it cannot be asked"
            raise Failure(f"{self._address}{PATH} does not answer: {words}.", retryable=True) from wrong
        finally:
            curl.close()
