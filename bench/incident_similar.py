"""Past incidents that are like one, over 5,000 reports: the first question, which reads their words, and others."""

from __future__ import annotations

import random
import statistics
import time

from bench.table import Row, show, verdict

from opsbook.book.incidents import read_report
from opsbook.book.page import read_page
from opsbook.usecases.incident_cases import Case
from opsbook.usecases.similar_incidents import Likeness

REPORTS = 5_000
RUNS = 30
SEED = 41
_PARTS = ("checkout", "login", "search", "billing", "upload", "export", "mail", "api", "queue", "database", "cache")
_FAULTS = (
    "timeouts", "errors", "a full disk", "a lock that nobody released", "an expired certificate", "lost messages",
    "slow answers", "a bad release", "too many connections", "a failed failover",
)  # fmt: skip


def rows() -> list[Row]:
    """The figures; no peer looks for incidents that are alike."""
    past = _reports()
    likeness = Likeness(past)  # type: ignore[arg-type]
    chance = random.Random(SEED + 1)
    asked = [_asked(chance) for _ in range(RUNS)]
    first = _ms(likeness, asked[0])
    times = [_ms(likeness, case) for case in asked]
    middle = statistics.median(times)
    return [
        Row(f"similar incidents, {REPORTS:,} reports", f"{middle:.0f} ms", "", "", "≤ 100 ms", verdict(middle <= 100)),
        Row("the first such question, with all words read", f"{first:.0f} ms", "", "", "", ""),
    ]


class _Past:
    """The cases of the reports."""

    def __init__(self, cases: tuple[Case, ...]) -> None:
        self._cases = cases

    def all(self) -> tuple[Case, ...]:
        """All."""
        return self._cases


def _reports() -> _Past:
    chance = random.Random(SEED)
    cases = []
    for number in range(REPORTS):
        part, fault = chance.choice(_PARTS), chance.choice(_FAULTS)
        filler = " ".join(chance.choices([f"word{each}" for each in range(4_000)], k=60))
        text = (f"# Incident Response: {part} with {fault}\n\n**Severity:** P{chance.randrange(4)}  \n"
                f"**Status:** Resolved\n\n## Impact\n\n- **Affected Services:** {part}\n- **User Impact:** {filler}\n\n"
                f"## Resolution\n\nThe {part} was mended.\n")  # fmt: skip
        path = f"incidents/{number:05}.md"
        report = read_report(read_page(path, text.encode()))
        assert report is not None
        cases.append(Case(None, path, report.title, report.severity, report.services, False, False,
                          words=report.impact, resolution=report.resolution))  # fmt: skip
    return _Past(tuple(cases))


def _asked(chance: random.Random) -> Case:
    part = chance.choice(_PARTS)
    return Case(1, "", f"{part} has {chance.choice(_FAULTS)}", "P1", (part,), True, False, words="customers cannot pay")


def _ms(likeness: Likeness, case: Case) -> float:
    began = time.perf_counter()
    likeness.similar(case)
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Prints the rows; `python -m bench.incident_similar`."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
