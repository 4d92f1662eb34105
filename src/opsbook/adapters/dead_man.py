"""Tells an address outside that all is well: one request, within its time. Follows no redirect, and knows no reason."""

from __future__ import annotations

import pycurl

from opsbook.ground.errors import Failure

TIMEOUT_S = 10


class CurlPinger:
    """Asks an address by GET; any answer of 2xx counts. `agent` is who asks, `authorities` the file of the trusted."""

    def __init__(self, agent: str, authorities: str = "") -> None:
        self._agent = agent
        self._authorities = authorities

    def ping(self, address: str) -> None:
        """Raises Failure where that did not arrive. The address may hold a secret and is in no message."""
        curl = pycurl.Curl()
        try:
            curl.setopt(pycurl.NOSIGNAL, 1)
            curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
            curl.setopt(pycurl.URL, address.encode())
            curl.setopt(pycurl.USERAGENT, self._agent)
            curl.setopt(pycurl.TIMEOUT, TIMEOUT_S)
            curl.setopt(pycurl.WRITEFUNCTION, len)
            if self._authorities:
                curl.setopt(pycurl.CAINFO, self._authorities)
            curl.perform()
            status = curl.getinfo(pycurl.RESPONSE_CODE)
        except pycurl.error as wrong:
            words = wrong.args[1] if len(wrong.args) > 1 else "it cannot be asked"
            raise Failure(f"The dead man's switch (paging.dead_man) was not told: {words}.", retryable=True) from wrong
        finally:
            curl.close()
        if not 200 <= status < 300:
            raise Failure(f"The dead man's switch (paging.dead_man) answers with {status}.", retryable=True)
