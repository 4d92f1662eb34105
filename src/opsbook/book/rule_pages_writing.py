"""Rules as Markdown: a page for a group, a section for a rule, the splices that bring a rule on a page up to date.

Changes the machine's parts alone: what a person wrote of an alert (meaning, response, order, anything else) stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from opsbook.book.alert_rules_whole import Rule, RuleGroup
from opsbook.book.escapes import in_title
from opsbook.book.monitoring_words import HINTS
from opsbook.book.rule_pages import LABELS, SETTING_LABELS, PageRule, Part
from opsbook.book.rule_pages_values import code, fenced, named, pairs, read_pairs, written
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Edit

# Which annotation stands behind which label; any other stands among the annotations.
ANNOTATIONS = {
    "summary": "summary", "description": "meaning", "runbook_url": "runbook", "dashboard": "dashboard",
    "dashboard_url": "dashboard_url",
}  # fmt: skip
# What a file decides; of the rest it only tells what the page does not.
OF_THE_FILE = ("expression", "hold", "keep_firing", "severity", "labels", "annotations")
_FLAT = re.compile(r"[^\W_](?:[\w:.-]*[^\W_])?")
_HINTED = frozenset(mark for _, marks in HINTS for mark in marks) | {"dashboards", "alarms"}


class PageHead(Struct, frozen=True):
    """What the head of a new page tells."""

    owner: str
    today: str


def parts_of(rule: Rule) -> dict[str, str]:
    """The parts of a rule as texts, by what they tell; labels and annotations that no line can hold are among pairs."""
    found = {"expression": rule.expression, "hold": rule.hold, "keep_firing": rule.keep_firing}
    labels, others = dict(rule.labels), dict(rule.annotations)
    severity = labels.get("severity", "")
    if severity and "\n" not in severity and written(severity) is not None:
        found["severity"] = labels.pop("severity")
    for key, part in ANNOTATIONS.items():
        text = others.get(key, "")
        if text.strip() and (part in ("summary", "meaning") or written(text) is not None):
            found[part] = others.pop(key)
    found["labels"] = pairs(labels)
    found["annotations"] = pairs(others)
    return {part: text for part, text in found.items() if text}


def page_of(group: RuleGroup, rules: Iterable[Rule], kind: str, head: PageHead) -> bytes:
    """A new page with the rules of a group that are alerts, or of those that record."""
    name = group.name
    shown = in_title(name) or "Unnamed"
    what = "alerts" if kind == "alert" else "metrics"
    lines = [f"# {shown} {what}", ""]
    lines += [f"**{key}:** {value}  " for key, value in (("Owner", head.owner), ("Last Updated", head.today)) if value]
    lines += [f"**Rule Group:** {named(name)}  "] if name else []
    lines += [f"**{SETTING_LABELS[key]}:** {_value(value)}  " for key, value in group.settings.items()]
    lines += [f"**Group Labels:** {pairs(group.labels)}  "] if group.labels else []
    lines[-1] = lines[-1].rstrip()
    sentence = (
        "Alerts of one rule group, from its rule file. Add what they mean and what to do; an import keeps that."
        if kind == "alert" else "Series that one rule group records, from its rule file."
    )  # fmt: skip
    body = "\n".join([*lines, "", sentence, ""])
    taken: set[str] = set()
    return (body + "".join(section_of(rule, taken) for rule in rules)).encode()


def section_of(rule: Rule, taken: set[str], level: int = 2) -> str:
    """The section of a rule, with a heading that no other on the page has; `taken` are those, in lower case, and grows
    by it."""
    heading = _heading(rule, taken)
    parts = parts_of(rule)
    lines = [f"\n{'#' * level} {heading}\n\n"]
    if rule.kind == "record":
        lines.append(_bullet("record", rule.name))
    elif heading != rule.name or not _is_read_as_name(rule.name):
        lines.append(_bullet("alert", rule.name))
    lines += [_bullet(part, parts[part]) for part in LABELS if part in parts]
    return "".join(lines)


def _is_read_as_name(name: str) -> bool:
    words = set(re.findall(r"[a-z]+", name.lower()))
    return _FLAT.fullmatch(name) is not None and words.isdisjoint(_HINTED) and not name.isdigit()


def _heading(rule: Rule, taken: set[str]) -> str:
    name = in_title(rule.name) or rule.kind.title()
    tried = [name]
    if rule.labels.get("severity"):
        tried.append(f"{name} ({in_title(rule.labels['severity'])})")
    tried += [f"{tried[-1]}, {number}" for number in range(2, len(taken) + 3)]
    heading = next(each for each in tried if _slug(each) not in taken)
    taken.add(_slug(heading))
    return heading


def _slug(heading: str) -> str:
    """What two headings must not share: their letters and digits alone."""
    return re.sub(r"[\W_]+", "", heading.lower())


def slugs_of(titles: Iterable[str]) -> set[str]:
    """The headings that are taken, for `section_of`."""
    return {_slug(title) for title in titles}


def _bullet(part: str, text: str) -> str:
    return f"- **{LABELS[part]}:**{_behind(part, text)}\n"


def _behind(part: str, text: str, indent: int = 2) -> str:
    """What stands behind a label and its colon."""
    if part in ("labels", "annotations"):
        return f" {text}"
    if part == "expression":
        inline = code(text)
        return f" {inline}" if inline is not None else fenced(text, "promql")
    if part in ("alert", "record"):
        return f" {named(text)}"
    plain = written(text, indent)
    return f" {plain}" if plain is not None else fenced(text, "text")


def _value(text: str) -> str:
    plain = written(text)
    return plain if plain is not None and "\n" not in plain else named(text)


# -- bringing up to date -------------------------------------------------------------------------------------------


class Update(Struct, frozen=True):
    """What an import does to a rule on a page: the splices, the parts that they change, those that the file has
    otherwise and the page keeps, and those that have no place there."""

    edits: tuple[Edit, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str, str], ...] = ()
    homeless: tuple[str, ...] = ()


def update_of(place: PageRule, rule: Rule) -> Update:
    """What brings the rule on the page to what its file says."""
    wanted = parts_of(rule)
    edits: list[Edit] = []
    changed: list[str] = []
    kept: list[tuple[str, str, str]] = []
    missing: list[str] = []
    for part in LABELS:
        now, text = place.parts.get(part), wanted.get(part, "")
        if part in ("alert", "record", "response") or is_same(part, now, text, place):
            continue
        if now is not None and now.text and part not in OF_THE_FILE:
            kept += [(part, now.text, text)] if text else []
        elif now is not None:
            edit = _replaced(part, now, text)
            if edit is None:
                missing.append(part)
            else:
                edits.append(edit)
                changed.append(part)
        elif text:
            missing.append(part)
    if place.form == "row":
        homeless = [part for part in missing if part in OF_THE_FILE]
        return Update(tuple(edits), tuple(changed), tuple(kept), tuple(homeless))
    added = _added(place, {part: wanted[part] for part in missing})
    return Update((*edits, *added), (*changed, *missing), tuple(kept))


def is_same(part: str, now: Part | None, text: str, place: PageRule) -> bool:
    """Whether the page says what the file says, if in other words."""
    if now is None or not now.text:
        return not text
    if now.text == text:
        return True
    if part in ("hold", "keep_firing"):
        lengths = [read_duration(each) or (read_duration("0s") if each.strip() in ("0", "") else None)
                   for each in (now.text, text)]  # fmt: skip
        return lengths[0] is not None and lengths[0] == lengths[1]
    if part == "expression":
        return now.text.split() == text.split()
    if part in ("labels", "annotations"):
        return read_pairs(now.source) == read_pairs(text)
    return False


def _replaced(part: str, now: Part, text: str) -> Edit | None:
    """The splice that puts a new text where the old one stands; None where the place cannot hold it."""
    if now.form == "cell":
        cell = _cell(part, text)
        return None if cell is None else Edit(now.start, now.end, cell)
    if now.indent < 0:
        behind = _behind(part, text, 0).replace("\n  ", "\n") if text else ""
    else:
        behind = _behind(part, text, now.indent) if text else ""
        if now.indent != 2:
            behind = behind.replace("\n  ", "\n" + " " * now.indent)
    return Edit(now.start, now.end, behind.removeprefix(" "))


def _cell(part: str, text: str) -> str | None:
    if not text:
        return ""
    if part in ("labels", "annotations"):
        return text.replace("|", "\\u007c")
    if part == "expression":
        if "#" in text and "\n" in text.strip():
            return None  # a comment would swallow what follows it in one line
        inline = code(" ".join(text.split()))
        return None if inline is None else inline.replace("|", "\\|")
    plain = written(text)
    return None if plain is None or "\n" in plain else plain.replace("\\|", "|").replace("|", "\\|")


def _added(place: PageRule, parts: Mapping[str, str]) -> Iterator[Edit]:
    """The splices that add labels, each behind those before it in the usual order, in the page's own form."""
    order = list(LABELS)
    at: dict[int, list[str]] = {}
    for part, text in parts.items():
        before = [place.parts[each] for each in order[: order.index(part)] if each in place.parts
                  and place.parts[each].form != "cell"]  # fmt: skip
        any_part = before or [each for each in place.parts.values() if each.form != "cell"]
        anchor = max(any_part, key=lambda each: each.stop) if any_part else None
        if anchor is None:
            at.setdefault(place.body, []).append(f"\n{_bullet(part, text)}")
        elif anchor.indent < 0:
            behind = _behind(part, text, 0).replace("\n  ", "\n")
            lead = "\\\n" if anchor.form == "line" else "\n\n"
            at.setdefault(anchor.stop, []).append(f"{lead}**{LABELS[part]}:**{behind}")
        else:
            behind = _behind(part, text, anchor.indent)
            if anchor.indent != 2:
                behind = behind.replace("\n  ", "\n" + " " * anchor.indent)
            at.setdefault(anchor.stop, []).append(f"\n- **{LABELS[part]}:**{behind}")
    for start, texts in at.items():
        yield Edit(start, start, "".join(texts))
