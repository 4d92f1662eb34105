"""Whether an answer over HTTP is what a page expects, and why not, in a sentence. Pure: it asks nothing.

What is quoted of an answer is short and without secrets (`excerpt.py`): a reason is kept for months and shown to all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from opsbook.book.excerpt import excerpt, shown, without_secrets
from opsbook.book.expecting.slow_regex import MOST_SEARCHED, search
from opsbook.book.probe import Expectation

Verdict = Literal["ok", "status", "body", "slow", "redirect"]

BODY_BYTES = 256 * 1024  # what is read of an answer: health checks are short
_ELSE = "Look at what the service itself logs."


class Answer(Struct, frozen=True, gc=False):
    """An answer over HTTP: `body` up to `BODY_BYTES`, `is_cut` where there was more, `leads_to` where it sends on."""

    status: int
    body: bytes
    latency_ms: float
    is_cut: bool = False
    leads_to: str | None = None


def judge_answer(answer: Answer, expected: Expectation, clock: Callable[[], float]) -> tuple[Verdict, str]:
    """The verdict with its reason: the status first, then the body, then the time it took. `clock` counts seconds, and
    ends the search for a regular expression that takes too long."""
    status = answer.status
    if not any(low <= status <= high for low, high in expected.statuses):
        return _wrong_status(answer, expected)
    wrong = _wrong_body(answer, expected, clock) if _asks_for_body(expected) else None
    if wrong is not None:
        return "body", f"It answered {status}, but {wrong}"
    slow = too_slow(answer.latency_ms, expected)
    return ("slow", slow) if slow else ("ok", as_expected(status, answer.latency_ms))


def as_expected(status: int | None, latency_ms: float) -> str:
    """The reason of a reading that is good: of an answer, or without a status of a connection."""
    took = in_words(latency_ms)
    return f"It accepted the connection in {took}." if status is None else f"It answered {status} in {took}."


def too_slow(latency_ms: float, expected: Expectation) -> str | None:
    """That it took longer than expected, and None when it did not."""
    if expected.within_ms is None or latency_ms <= expected.within_ms:
        return None
    took, most = in_words(latency_ms), in_words(expected.within_ms)
    return f"It answered as expected, but took {took}, and at most {most} was expected. Look at its load."


def _asks_for_body(expected: Expectation) -> bool:
    return bool(expected.contains) or expected.json_subset is not None or expected.pattern is not None


def _wrong_status(answer: Answer, expected: Expectation) -> tuple[Verdict, str]:
    wanted = statuses_in_words(expected.statuses)
    if answer.leads_to is not None and 300 <= answer.status < 400:
        return "redirect", (
            f"It answered {answer.status} and sends on to {shown_address(answer.leads_to)}, but {wanted} was expected."
            " Probe where it leads, or let the probe follow."
        )
    said = excerpt(answer.body)
    quoted = f" It said “{said}”." if said else " It said nothing more."
    return "status", f"It answered {answer.status}, but {wanted} was expected.{quoted} {_hint(answer.status)}"


def _hint(status: int) -> str:
    if status in (401, 403):
        return "It wants a sign-in: probe an address that is open to the monitor."
    if status in (404, 410):
        return "Nothing is at that path: compare it with the service's routes."
    if status == 429:
        return "It is asked too often: probe it less."
    if status in (502, 503, 504):
        return "Look at what stands behind the proxy, and whether the service has just been started."
    return _ELSE


def _wrong_body(answer: Answer, expected: Expectation, clock: Callable[[], float]) -> str | None:
    """What is wrong with the body, as the rest of a sentence, and None when nothing is."""
    missing = next((text for text in expected.contains if not _holds(answer.body, text)), None)
    if missing is not None:
        return f"without the text “{shown(missing)}”. {_said(answer)}"
    if expected.json_subset is not None:
        wrong = _wrong_json(answer, expected.json_subset)
        if wrong is not None:
            return wrong
    return _wrong_text(answer, expected.pattern, clock) if expected.pattern is not None else None


def _holds(body: bytes, text: str) -> bool:
    wanted = text.encode("utf-8", "replace")
    if wanted in body:
        return True
    # A piece of JSON is the same with other spaces in it: "status":"ok", "status": "ok".
    return b'"' in wanted and b":" in wanted and b"".join(wanted.split()) in b"".join(body.split())


def _said(answer: Answer) -> str:
    said = excerpt(answer.body)
    cut = f" Only the first {BODY_BYTES // 1024} KiB were looked at." if answer.is_cut else ""
    return (f"It said “{said}”." if said else "It said nothing.") + cut


def _wrong_text(answer: Answer, pattern: str, clock: Callable[[], float]) -> str | None:
    text = answer.body[: MOST_SEARCHED * 4].decode("utf-8", "replace")  # at most four bytes a character
    found = search(pattern, text, clock)
    if found is None:
        return f"looking for /{shown(pattern)}/ in it took too long. Write a plainer expression on the page."
    looked = f" Only its first {MOST_SEARCHED:,} characters were looked at." if len(text) > MOST_SEARCHED else ""
    return None if found else f"nothing in it matches /{shown(pattern)}/. {_said(answer)}{looked}"


def _wrong_json(answer: Answer, subset: str) -> str | None:
    if answer.is_cut:
        return f"with more than {BODY_BYTES // 1024} KiB, which is too long to be read as JSON."
    try:
        found = msgspec.json.decode(answer.body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):  # DecodeError is a ValueError
        return f"not with JSON. {_said(answer)}"
    try:
        wanted = msgspec.json.decode(subset)
    except (ValueError, RecursionError):
        return "the JSON that the page expects is none itself. Mend it on the page."
    wrong = difference(wanted, found)
    return None if wrong is None else f"{wrong}. {_ELSE}"


def difference(wanted: Any, found: Any, place: str = "") -> str | None:
    """How JSON differs from the members that it must hold, as a part of a sentence, and None when it holds them.

    A wanted list is held when each of its entries is held by some entry of the list that was found.
    """
    where = f"“{shown(place)}”" if place else "the answer"
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return f"{where} is {_spelled(found, place)} instead of an object"
        return next(filter(None, (_member(name, each, found, place) for name, each in wanted.items())), None)
    if isinstance(wanted, list):
        if not isinstance(found, list):
            return f"{where} is {_spelled(found, place)} instead of a list"
        missing = [each for each in wanted if all(difference(each, other) is not None for other in found)]
        return f"{where} lacks {_spelled(missing[0], place)}" if missing else None
    if isinstance(wanted, bool) is isinstance(found, bool) and wanted == found:  # in JSON, true is not 1
        return None
    return f"{where} is {_spelled(found, place)} where {_spelled(wanted, place)} was expected"


def _member(name: str, wanted: Any, found: dict[str, Any], place: str) -> str | None:
    inner = f"{place}.{name}" if place else name
    return difference(wanted, found[name], inner) if name in found else f"“{shown(inner)}” is absent from it"


def _spelled(value: Any, place: str) -> str:
    """JSON as text, short; hidden where its name says that it is a secret."""
    text = msgspec.json.encode(value).decode("utf-8", "replace")[:400]
    name = place.rpartition(".")[2]
    return shown(without_secrets(f"{name}={text}").removeprefix(f"{name}="))


def statuses_in_words(statuses: tuple[tuple[int, int], ...]) -> str:
    """Ranges of statuses as people write them: "2xx", "200 or 204", "200–399"."""
    return " or ".join(_range(low, high) for low, high in statuses) or "no status at all"


def _range(low: int, high: int) -> str:
    if low == high:
        return str(low)
    return f"{low // 100}xx" if low % 100 == 0 and high == low + 99 else f"{low}–{high}"


def shown_address(url: str) -> str:
    """A web address without what it may carry for its target alone: name and password, query, fragment."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return shown(without_secrets(url.partition("?")[0].partition("#")[0]))
    place = rest.partition("#")[0].partition("?")[0]
    host, slash, path = place.partition("/")
    return shown(f"{scheme}://{host.rpartition('@')[2]}{slash}{without_secrets(path)}")


def in_words(milliseconds: float) -> str:
    """A time with its unit."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
