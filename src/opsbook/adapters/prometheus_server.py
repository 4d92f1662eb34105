"""Asks a Prometheus, or what answers as one, for its rules, its targets, the names of its metrics and for graphs.

Several questions go side by side; time, size and redirects are bounded. What is wrong is told without the password
that may stand in the address and without the token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
import pycurl
from msgspec import Struct, field

from opsbook import __version__
from opsbook.ground.errors import Failure
from opsbook.usecases.monitoring_ports import Series, ServerRule, Target

MOST_BYTES = 64 << 20  # 100,000 targets are 50 MB
LIMIT_S = 5.0
CONNECT_S = 2.0
MOST_REDIRECTS = 3
MOST_AT_ONCE = 8  # Prometheus itself answers 20 at once
_REFUSED = frozenset({400, 422})
_OWN_LABELS = frozenset({"job", "instance"})
_NAMES_IN_ONE = 100  # of a question about names: an expression of some 3 kB

A = TypeVar("A")


class _Alert(Struct):
    state: str = ""


class _Rule(Struct):
    name: str
    query: str
    type: str
    duration: float = 0
    keepFiringFor: float = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    alerts: list[_Alert] | None = None
    state: str = ""
    lastError: str = ""


class _Group(Struct):
    name: str
    file: str = ""
    interval: float = 0
    rules: list[_Rule] = []


class _Groups(Struct):
    groups: list[_Group] = []


class _Target(Struct):
    discoveredLabels: dict[str, str] = {}
    labels: dict[str, str] = {}
    scrapePool: str = ""
    scrapeUrl: str = ""
    lastError: str = ""
    health: str = ""


class _Targets(Struct):
    activeTargets: list[_Target] = []


class _Line(Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] = []


class _Matrix(Struct):
    result: list[_Line] = []


class _Wrong(Struct):
    error: str = ""


class _Told(Struct):
    status: str
    data: msgspec.Raw = field(default_factory=lambda: msgspec.Raw(b"null"))


class _Question(Struct, frozen=True):
    """A path and what is asked there; what is `posted` may be longer than an address."""

    path: str
    asked: Mapping[str, str] = {}
    is_posted: bool = False


class PrometheusServer:
    """Asks over http. `limit_s` bounds one question; `token` is asked for at each use and returns "" for none."""

    def __init__(
        self, address: str, *, token: Callable[[], str] = str, limit_s: float = LIMIT_S, most_bytes: int = MOST_BYTES
    ) -> None:
        self._address = address.rstrip("/")
        self._token = token
        self._limit_s = limit_s
        self._most_bytes = most_bytes

    @property
    def address(self) -> str:
        """Where it is, without a password."""
        try:
            parts = urlsplit(self._address)
        except ValueError:
            return "What is configured (prometheus.url)"
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/") if self._address else ""

    def rules(self) -> tuple[ServerRule, ...]:
        """All rules that it runs, in its order."""
        found = self._one(_Question("/api/v1/rules"), _Groups)
        return tuple(_rule(rule, group) for group in found.groups for rule in group.rules)

    def metric_names(self) -> frozenset[str]:
        """The names of all series that it keeps."""
        return frozenset(self._one(_Question("/api/v1/label/__name__/values"), list[str]))

    def present(self, names: frozenset[str], now: datetime, within: timedelta) -> frozenset[str]:
        """Which of the names it has had a series of within that time."""
        ordered = sorted(names)
        parts = [ordered[at : at + _NAMES_IN_ONE] for at in range(0, len(ordered), _NAMES_IN_ONE)]
        questions = [
            _Question("/api/v1/query", {
                "query": f"group by (__name__) (last_over_time({{__name__=~{_quoted(part)}}}"
                         f"[{max(1, int(within.total_seconds()))}s]))",
                "time": str(now.timestamp()),
            }, is_posted=True)
            for part in parts
        ]  # fmt: skip
        lines = [line for answer in self._ask(questions) for line in self._read(answer, _Matrix).result]
        return frozenset(line.metric.get("__name__", "") for line in lines) & names

    def targets(self) -> tuple[Target, ...]:
        """All that it scrapes now."""
        found = self._one(_Question("/api/v1/targets", {"state": "active"}), _Targets)
        return tuple(_target(target) for target in found.activeTargets)

    def over(
        self, expressions: tuple[str, ...], start: datetime, end: datetime, step: timedelta
    ) -> tuple[tuple[Series, ...] | str, ...]:
        """What each expression was from `start` to `end`, asked side by side; in place of one that the server refuses
        or does not answer in time stands why."""
        times = {"start": str(start.timestamp()), "end": str(end.timestamp()), "step": str(step.total_seconds())}
        questions = [_Question("/api/v1/query_range", {"query": each, **times}, is_posted=True) for each in expressions]
        answers = self._ask(questions)
        if answers and all(isinstance(answer, Failure) for answer in answers):
            raise next(answer for answer in answers if isinstance(answer, Failure))
        return tuple(self._lines(answer) for answer in answers)

    def _lines(self, answer: tuple[int, bytes] | Failure) -> tuple[Series, ...] | str:
        if isinstance(answer, tuple) and answer[0] in _REFUSED:
            return _why(answer[1]) or f"it answers {answer[0]}"
        try:
            found = self._read(answer, _Matrix)
        except Failure as wrong:
            return str(wrong)
        return tuple(Series(line.metric, tuple((at, float(value)) for at, value in line.values))
                     for line in found.result)  # fmt: skip

    def _one(self, question: _Question, kind: type[A]) -> A:
        return self._read(self._ask([question])[0], kind)

    def _read(self, answer: tuple[int, bytes] | Failure, kind: type[A]) -> A:
        if isinstance(answer, Failure):
            raise answer
        status, body = answer
        if status != 200:
            why = _why(body)
            raise Failure(f"{self.address} answers {status}{f': {why}' if why else ''}.", retryable=status >= 500)
        try:
            return msgspec.json.decode(msgspec.json.decode(body, type=_Told).data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
            raise Failure(f"{self.address} does not answer as a Prometheus does.") from None

    # -- the exchange ------------------------------------------------------------------------------------------------

    def _ask(self, questions: Sequence[_Question]) -> list[tuple[int, bytes] | Failure]:
        """The status and body of each, or why there is none, in the order of the questions."""
        if not self._address:
            raise Failure("No Prometheus is configured (prometheus.url).")
        if not self._address.startswith(("http://", "https://")):
            raise Failure(f"{self.address} is no address of a Prometheus: it begins with http:// or https://.")
        token = self._token()
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, MOST_AT_ONCE)
        asked: list[tuple[pycurl.Curl, BytesIO]] = []
        try:
            for question in questions:
                asked.append(self._begun(question, token))
                multi.add_handle(asked[-1][0])
            return self._ended(multi, asked, token)
        except pycurl.error as wrong:
            raise self._failure(str(wrong), token) from None
        except UnicodeError:
            raise Failure(f"{self.address!a} is no address.") from None
        finally:
            for curl, _ in asked:
                curl.close()
            multi.close()

    def _ended(
        self, multi: pycurl.CurlMulti, asked: list[tuple[pycurl.Curl, BytesIO]], token: str
    ) -> list[tuple[int, bytes] | Failure]:
        failed: dict[int, Failure] = {}
        left = len(asked)
        while left:
            multi.perform()
            while True:
                queued, ended, wrong = multi.info_read()
                for curl, number, why in wrong:
                    too_large = number == pycurl.E_WRITE_ERROR
                    failed[id(curl)] = self._failure(
                        f"its answer has more than {self._most_bytes:,} bytes" if too_large else why, token
                    )
                left -= len(ended) + len(wrong)
                if not queued:
                    break
            if left:
                multi.select(1.0)
        return [failed.get(id(curl)) or (curl.getinfo(pycurl.RESPONSE_CODE), taken.getvalue())
                for curl, taken in asked]  # fmt: skip

    def _begun(self, question: _Question, token: str) -> tuple[pycurl.Curl, BytesIO]:
        taken = BytesIO()

        def take(part: bytes) -> int:
            if taken.tell() + len(part) > self._most_bytes:
                return 0  # libcurl ends the exchange
            return taken.write(part)

        asked = urlencode(question.asked)
        url = self._address + question.path + (f"?{asked}" if asked and not question.is_posted else "")
        curl = pycurl.Curl()
        for option, value in (
            (pycurl.URL, url), (pycurl.NOSIGNAL, 1), (pycurl.WRITEFUNCTION, take), (pycurl.FOLLOWLOCATION, 1),
            (pycurl.MAXREDIRS, MOST_REDIRECTS), (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS), (pycurl.ACCEPT_ENCODING, "gzip"),
            (pycurl.TIMEOUT_MS, int(self._limit_s * 1000)), (pycurl.USERAGENT, f"Opsbook/{__version__}"),
            (pycurl.CONNECTTIMEOUT_MS, int(min(CONNECT_S, self._limit_s) * 1000)),
            (pycurl.HTTPHEADER, [f"Authorization: Bearer {token}"] if token else []),
        ):  # fmt: skip
            curl.setopt(option, value)
        if question.is_posted:
            curl.setopt(pycurl.POSTFIELDS, asked)
            curl.setopt(pycurl.POSTREDIR, pycurl.REDIR_POST_ALL)
        return curl, taken

    def _failure(self, why: str, token: str) -> Failure:
        before, at, _ = self._address.partition("://")[2].rpartition("@")
        for secret in (token, before.partition(":")[2] if at else ""):
            why = why.replace(secret, "***") if secret else why
        return Failure(f"{self.address} does not answer: {why.rstrip('.')}.", retryable=True)


def _rule(rule: _Rule, group: _Group) -> ServerRule:
    is_alert = rule.type == "alerting"
    return ServerRule(
        kind="alert" if is_alert else "record", name=rule.name, expression=rule.query, group=group.name,
        file=group.file, interval=timedelta(seconds=group.interval), hold=timedelta(seconds=rule.duration),
        keep_firing=timedelta(seconds=rule.keepFiringFor), labels=rule.labels, annotations=rule.annotations,
        state=rule.state if is_alert else "", error=rule.lastError, firing=len(rule.alerts or ()),
    )  # fmt: skip


def _target(target: _Target) -> Target:
    return Target(
        job=target.labels.get("job", target.scrapePool),
        address=target.discoveredLabels.get("__address__", target.labels.get("instance", "")),
        url=target.scrapeUrl, labels={name: value for name, value in target.labels.items() if name not in _OWN_LABELS},
        discovered=target.discoveredLabels, error=target.lastError,
        is_up={"up": True, "down": False}.get(target.health),
    )  # fmt: skip


def _quoted(names: Sequence[str]) -> str:
    """A pattern of these names as a string of PromQL; names of metrics hold nothing that a pattern reads otherwise
    but dots and what is escaped here."""
    marks = frozenset(r"\.+*?()|[]{}^$")
    pattern = "|".join("".join(f"\\{each}" if each in marks else each for each in name) for name in names)
    return msgspec.json.encode(pattern).decode()


def _why(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Wrong).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
