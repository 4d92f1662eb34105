"""How grave an incident is by what it does to people, by the severity matrix of the policy page. Overrides nobody.

The gravest row counts of which one cell holds: users, functions, data or security. The cell for the workaround narrows
a row: users and functions count for it only where the way around is as bad as that, or nobody has said whether there is
one. Data and security count whatever people can do meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsbook.book.impact import Impact
from opsbook.book.impact_criteria import Column, CriteriaRow, Criterion, holds, is_negative
from opsbook.book.incident_policy import Policy

_COLUMNS: tuple[Column, ...] = ("Users", "Functions", "Data", "Security", "Workaround")
# What holds where no page says otherwise: the seed's words.
BUILT_IN: tuple[CriteriaRow, ...] = tuple(
    CriteriaRow(level, level, 0, "", tuple(
        Criterion(column, text) for column, text in zip(_COLUMNS, cells, strict=True) if text
    )) for level, cells in (
        ("P0", ("> 50 %", "all", "lost or exposed", "yes", "")),
        ("P1", ("> 10 %", "2 or more", "corrupted", "", "none")),
        ("P2", ("some", "any", "at risk", "", "")),
        ("P3", ("none", "none", "none", "no", "")),
    )
)  # fmt: skip
_BROAD: tuple[Column, ...] = ("Users", "Functions")
_GRAVE: tuple[Column, ...] = ("Data", "Security")
_QUESTIONS: dict[Column, str] = {
    "Users": "What share of users is hindered?", "Functions": "Which functions do not work?",
    "Data": "Is data at risk, corrupted, lost or exposed?", "Security": "Is security touched?",
    "Workaround": "Is there a way around it?",
}  # fmt: skip


class Rating(Struct, frozen=True):
    """What an impact comes to: `severity` is empty where nothing is told that the matrix asks for; `row` and `line` are
    the row of the page that says so; `missing` are questions whose answers might make it graver."""

    severity: str
    why: str
    row: str = ""
    line: int = 0
    missing: tuple[str, ...] = ()


def rated(impact: Impact, policy: Policy | None, path: str = "") -> Rating:
    """The severity that an impact comes to by a policy, that of the page at `path`; by the built-in matrix where the
    page has none."""
    written = policy.criteria if policy is not None else ()
    rows = sorted(written or BUILT_IN, key=lambda row: row.level)
    where = path if written else ""
    for row in rows:
        met = list(_met(row, impact))
        if met:
            told = "; ".join(f"{_shown(each.column, impact)} ({each.column}: {each.text})" for each in met)
            why = f"By {_place(where, row)} it is {row.level}: {told}."
            return Rating(row.level, why, row.words, row.line, tuple(_missing(rows, impact, row)))
    missing = tuple(_missing(rows, impact, None))
    if not _is_told(impact):
        return Rating("", "Nobody has said yet what it does to people.", missing=missing)
    return _least(rows, impact, where, missing=missing)


def _least(rows: Sequence[CriteriaRow], impact: Impact, where: str, *, missing: tuple[str, ...]) -> Rating:
    """Where no row speaks of what is told: the least grave one that does not say that nobody is hindered, or that one
    where nobody is."""
    is_harmless = _is_harmless(impact)
    fitting = [row for row in rows if is_harmless or not any(map(is_negative, row.criteria))]
    row = (fitting or rows)[-1]
    told = "nothing is hindered" if is_harmless else "no graver row speaks of what is told"
    why = f"By {_place(where, row)} it is {row.level}: {told}."
    return Rating(row.level, why, row.words, row.line, missing)


def _met(row: CriteriaRow, impact: Impact) -> Iterator[Criterion]:
    """The cells of a row that hold and say that something is hindered."""
    harms = [each for each in row.criteria if not is_negative(each) or each.column == "Workaround"]
    narrows = next((each for each in harms if each.column == "Workaround"), None)
    is_fitting = narrows is None or holds(narrows, impact) is not False
    broad = [each for each in harms if each.column in _BROAD and is_fitting and holds(each, impact)]
    grave = [each for each in harms if each.column in _GRAVE and holds(each, impact)]
    yield from (*broad, *grave)
    is_alone = narrows is not None and not any(each.column in _BROAD for each in row.criteria)
    if narrows is not None and holds(narrows, impact) and (broad or (is_alone and _is_hindered(impact))):
        yield narrows


def _missing(rows: Sequence[CriteriaRow], impact: Impact, found: CriteriaRow | None) -> Iterator[str]:
    """What nobody has said and graver rows ask for."""
    graver = [row for row in rows if found is None or row.level < found.level]
    asked = [each for row in graver for each in row.criteria if not is_negative(each) or each.column == "Workaround"]
    if found is not None:
        asked += [each for each in found.criteria if each.column == "Workaround"]
    columns = {each.column for each in asked if holds(each, impact) is None}
    if not _is_hindered(impact) and impact.users_pct is not None:
        columns.discard("Workaround")
    yield from (_QUESTIONS[column] for column in _QUESTIONS if column in columns)


def _is_told(impact: Impact) -> bool:
    """Whether enough is told to compute with: how many people or which functions, or that harm is done otherwise."""
    is_harmed = impact.data not in ("", "none") or bool(impact.is_security)
    return impact.users_pct is not None or bool(impact.functions) or is_harmed


def _is_hindered(impact: Impact) -> bool:
    return bool(impact.users_pct) or bool(impact.functions)


def _is_harmless(impact: Impact) -> bool:
    is_none = not impact.users_pct and all(each.lower() == "none" for each in impact.functions)
    return is_none and impact.data in ("", "none") and not impact.is_security


def _place(path: str, row: CriteriaRow) -> str:
    if not path:
        return "the built-in matrix"
    words = f" ({row.words})" if row.words != row.level else ""
    return f"{path}:{row.line}{words}"


def _shown(column: Column, impact: Impact) -> str:
    if column == "Users":
        return f"{impact.users_pct:g} % of users" if impact.users_pct is not None else ""
    if column == "Functions":
        names = ", ".join(impact.functions[:5]) + (" and more" if len(impact.functions) > 5 else "")
        return f"{names} {'does' if len(impact.functions) == 1 else 'do'} not work"
    if column == "Data":
        return f"data is {impact.data}"
    if column == "Security":
        return "security is touched"
    return {"none": "there is no way around it", "partial": "the way around it is partial",
            "full": "there is a way around it"}.get(impact.workaround, "")  # fmt: skip
