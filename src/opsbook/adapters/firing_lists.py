"""Asks an Alertmanager or a Prometheus what fires there. Which of them it is, is told by asking; decides nothing.

Time, size and redirects are bounded. What is wrong is told without the password that may stand in an address.
"""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlsplit

import pycurl

from opsbook import __version__
from opsbook.ground.errors import Failure
from opsbook.ledger.inbound.firing import external_labels, read_alertmanager, read_prometheus
from opsbook.ledger.signal import Batch

ALERTMANAGER, PROMETHEUS = "/api/v2/alerts", "/api/v1/alerts"
CONFIGURATION = "/api/v1/status/config"
MOST_BYTES = 256 << 20  # 100,000 alerts are 61 MB
LIMIT_S = 60.0  # Alertmanager takes 8 s for 100,000
CONNECT_S = 5.0
MOST_REDIRECTS = 3
_OTHERS = frozenset({404, 405, 410})  # what answers so is something else


class FiringLists:
    """Asks over http. `limit_s` bounds one whole request."""

    def __init__(self, *, limit_s: float = LIMIT_S, most_bytes: int = MOST_BYTES) -> None:
        self._limit_s = limit_s
        self._most_bytes = most_bytes

    def ask(self, address: str) -> Batch:
        """All alerts that fire there now. Raises Failure where it cannot tell."""
        shown = _shown(address)
        status, body = self._get(address.rstrip("/") + ALERTMANAGER, shown)
        if status in _OTHERS:
            batch = self._ask_prometheus(address.rstrip("/"), shown)
        elif status == 200:
            batch = read_alertmanager(body)
        else:
            raise Failure(f"{shown} answers {status} when it is asked what fires.", retryable=True)
        if batch.slips:
            raise Failure(f"{shown} tells something that is no list of alerts: {batch.slips[0].why}")
        return batch

    def _ask_prometheus(self, address: str, shown: str) -> Batch:
        status, body = self._get(address + PROMETHEUS, shown)
        told, config = self._get(address + CONFIGURATION, shown)
        if status != 200 or told != 200:
            worse = status if status != 200 else told
            raise Failure(f"{shown} is neither an Alertmanager nor a Prometheus: it answers {worse}.", retryable=True)
        external, why = external_labels(config)
        if why:
            raise Failure(f"What {shown} sends cannot be told. {why}")
        return read_prometheus(body, external)

    def _get(self, url: str, shown: str) -> tuple[int, bytes]:
        taken = BytesIO()

        def take(part: bytes) -> int:
            if taken.tell() + len(part) > self._most_bytes:
                return 0  # libcurl ends the exchange
            return taken.write(part)

        curl = pycurl.Curl()
        try:
            for option, value in (
                (pycurl.URL, url), (pycurl.NOSIGNAL, 1), (pycurl.WRITEFUNCTION, take), (pycurl.FOLLOWLOCATION, 1),
                (pycurl.MAXREDIRS, MOST_REDIRECTS), (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
                (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS), (pycurl.ACCEPT_ENCODING, "gzip"),
                (pycurl.TIMEOUT_MS, int(self._limit_s * 1000)), (pycurl.CONNECTTIMEOUT_MS, int(CONNECT_S * 1000)),
                (pycurl.USERAGENT, f"Opsbook/{__version__}"),
            ):  # fmt: skip
                curl.setopt(option, value)
            curl.perform()
            return curl.getinfo(pycurl.RESPONSE_CODE), taken.getvalue()
        except (pycurl.error, UnicodeError) as wrong:
            why = str(wrong.args[1] if len(wrong.args) > 1 else wrong).rstrip(".")
            if pycurl.E_WRITE_ERROR in wrong.args:
                why = f"its answer has more than {self._most_bytes:,} bytes"
            raise Failure(f"{shown} cannot be asked what fires: {_without(why, url)}.", retryable=True) from wrong
        finally:
            curl.close()


def _shown(address: str) -> str:
    """The address without a password."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _without(why: str, url: str) -> str:
    password = urlsplit(url).password
    return why.replace(password, "***") if password else why
