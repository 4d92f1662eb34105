"""Which lint rules apply to a page and to the book, by the scope of a lint; loads a folder of rules when it is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opsbook.book.lint import RULES, Outline, Rule
from opsbook.book.page import Page
from opsbook.book.procedure import procedures_of
from opsbook.book.rules import FOLDERS, Folder, abouts, load
from opsbook.ground.errors import Usage

_REPORTS = frozenset({"incident", "post-mortem"})
# Who is called and how grave a thing is stands on these.
_POLICIES = frozenset({"policy", "incident", "post-mortem", "alerts"})


def all_rules() -> list[Rule]:
    """Every rule there is, in the order of their names."""
    for folder in FOLDERS:
        load(folder)
    return list(RULES)


def about_rules() -> dict[str, str]:
    """What each rule finds, in one phrase by its name."""
    return abouts()


class ChosenRules:
    """The rules that a scope selects and neither ignores nor turns off. Raises Usage for a name that no rule has."""

    def __init__(
        self, select: Iterable[str] = (), ignore: Iterable[str] = (), severities: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._select = frozenset(select)
        self._ignore = frozenset(ignore) | {name for name, severity in severities if severity == "off"}
        self._by_need: dict[tuple[str, bool], list[Rule]] = {}
        named = [*sorted(self._select | self._ignore), *(name for name, _ in severities)]
        if named:
            _check_names(named)

    def of_page(self, page: Page) -> list[Rule]:
        """The page rules for a page, in the order of their names."""
        need = (page.kind, bool(procedures_of(page)))
        if need not in self._by_need:
            self._by_need[need] = [
                rule for rule in self._loaded(_folders(*need)) if not rule.kinds or page.kind in rule.kinds
            ]
        return self._by_need[need]

    def of_book(self, outlines: Sequence[Outline]) -> list[Rule]:
        """The rules that see the whole book."""
        folders: list[Folder] = ["pages"]
        if any(outline.people or outline.mentions for outline in outlines):
            folders.append("policies")
        if any(outline.procedures or outline.references for outline in outlines):
            folders.append("procedures")
        if any(outline.kind in _REPORTS for outline in outlines):
            folders.append("reports")
        return [rule for rule in self._loaded(folders) if rule.check_book is not None]

    def of_rule_files(self) -> frozenset[str]:
        """The names of the rules about files of alert rules."""
        load("rule_files")
        return frozenset(rule.name for rule in self._loaded(["rule_files"]))

    def prepare(self) -> None:
        """Loads everything, so that forked workers need not each do it."""
        all_rules()

    def has(self, name: str) -> bool:
        """Whether a rule is applied."""
        return (not self._select or name in self._select) and name not in self._ignore

    def _loaded(self, folders: Sequence[Folder]) -> list[Rule]:
        # Those of these folders alone: what was loaded for another page says nothing about this one.
        names = frozenset().union(*map(load, folders))
        return [rule for rule in RULES if rule.name in names and self.has(rule.name)]


def _folders(kind: str, has_procedures: bool) -> list[Folder]:
    folders: list[Folder] = ["pages"]
    if kind in _REPORTS:
        folders.append("reports")
    if kind in _POLICIES:
        folders.append("policies")
    if has_procedures:
        folders.append("procedures")
    return folders


def _check_names(named: Sequence[str]) -> None:
    from opsbook.ground.guesses import closest  # inside: most lints name no rule

    known = [rule.name for rule in all_rules()]
    for name in named:
        if name not in known:
            near = closest(name, known)
            guess = f" Did you mean '{near}'?" if near else " `opsbook lint --list-rules` shows them all."
            raise Usage(f"There is no rule '{name}'.{guess}")
