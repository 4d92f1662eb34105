"""From the command line's words to the verb lint and back: paths, baseline, mending, printing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsbook import __version__
from opsbook.adapters.folder import FolderBook
from opsbook.book.lint import at_least
from opsbook.book.page import PAGE_ENDINGS
from opsbook.config import Config
from opsbook.entrypoints.shown.terminal import terminal_width, wrapped
from opsbook.ground.errors import Failure, Refusal, Usage
from opsbook.usecases.lint import LintReport, Scope, asks_for_practice, is_within, lint, with_practice
from opsbook.usecases.ports import Alerting
from opsbook.wire import build_book, build_lint_cache, build_workers, lint_scope
from opsbook.wire_ledger import practised


class Asked(Struct, frozen=True, kw_only=True):
    """The words of one call of `opsbook lint`; `paths` are absolute."""

    paths: tuple[str, ...]
    form: str
    rules: tuple[str, ...] = ()
    url_bases: dict[str, str] = {}
    today: date | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    fix: bool = False
    write_baseline: bool = False
    no_baseline: bool = False
    no_cache: bool = False


BASELINE = "opsbook-baseline.json"
_MOST_ROUNDS = 5
_WORTH_CACHING_BYTES = 200_000


def run_lint(config: Config, asked: Asked) -> int:
    """Lints, mends when asked to, prints, and returns the exit status."""
    check_words(config, asked)
    source = build_book(config)
    scope = _as_known(config, as_practised(config, scope_of(config, asked)), source)
    if asked.write_baseline:
        _check_whole(asked, source, scope)  # before anything is mended: what is refused has done nothing
    report = _answer(config, asked, source, scope)
    if asked.fix:
        report = _mended(config, asked, source, scope, report=report)
    lines = Lines(config.root)
    path = os.path.join(config.root, BASELINE)
    if asked.write_baseline:
        return _accept(path, report, lines)
    accepted = 0
    if not asked.no_baseline and os.path.exists(path):
        from opsbook.book.baseline import without_accepted  # hashing costs a start of 40 ms two

        with open(path, "rb") as file:
            kept = without_accepted(report.findings, file.read(), lines.at, BASELINE)
        accepted = len(report.findings) - len(kept)
        report = replace(report, findings=tuple(kept))
    write(report, asked.form, lines.of, where="" if asked.paths else source.book, accepted=accepted)
    return 1 if at_least(report.findings, asked.fail_on or config.fail_on) else 0  # type: ignore[arg-type]


def as_practised(config: Config, scope: Scope, did: str = "Linted") -> Scope:
    """The scope with what the ledger tells of practice. It only helps: one that cannot be read now fails nothing, and
    what was done without it is said on standard error."""
    if not asks_for_practice(scope):
        return scope
    try:
        return with_practice(scope, practised(config))
    except (Failure, Refusal, Usage) as wrong:
        told = str(wrong).splitlines()[0]
        click.echo(f"opsbook: {did} without what runs tell of practice. {told}", err=True)
        return scope


def _as_known(config: Config, scope: Scope, source: FolderBook) -> Scope:
    """The scope with the copies of calendars that the book names, and with who has verified a contact."""
    from opsbook.wire_calendars import kept_calendars  # inside: few books have what these tell
    from opsbook.wire_duties import verified_people

    calendars = kept_calendars(config)
    try:
        verified = verified_people(config, source)
    except (Failure, Refusal, Usage):
        verified = {}  # the ledger is told of above, where it cannot be read
    if not calendars and not verified:
        return scope
    return replace(scope, settings=replace(scope.settings, calendars=calendars, verified=verified))


def _mended(
    config: Config, asked: Asked, source: FolderBook, scope: Scope, *, report: LintReport
) -> LintReport:
    """Mends until nothing is left that has one right answer: a link's new page may show that its anchor is wrong."""
    from opsbook.usecases.mend import mend

    pages: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        mended = mend(source, source, report)
        pages.update(mended.pages)
        for path in mended.refused:
            click.echo(f"not mended, it changed meanwhile or cannot be written: {path}", err=True)
        if not mended.pages:
            break
        report = _answer(config, asked, source, scope)
    for path in sorted(pages):  # on standard error, so that JSON on standard output stays JSON
        click.echo(f"mended {path}", err=True)
    if not pages:
        click.echo("There was nothing to mend that has one right answer.", err=True)
    return report


def _answer(config: Config, asked: Asked, source: FolderBook, scope: Scope) -> LintReport:
    """The report, from the cache where nothing has changed. A small book is read quicker than the cache is checked."""
    files = source.pages()
    if asked.no_cache or sum(file.size_bytes for file in files) < _WORTH_CACHING_BYTES:
        return lint(source, source, scope, build_workers(), files=files)
    rule_files = [path for path, _ in source.rule_files((*scope.alerting.paths, *scope.dashboards))]
    # Sorted, since sets are written in another order by every process.
    question = msgspec.json.encode((__version__, scope), order="sorted").decode()
    cache = build_lint_cache(config, question, source.owner_files(files), rule_files)
    return cache.answer(files, lambda: lint(source, source, scope, build_workers(), files=files))


def _check_whole(asked: Asked, source: FolderBook, scope: Scope) -> None:
    """Refuses a baseline of a part: it would forget what was accepted for the rest."""
    if asked.select or asked.ignore:
        raise Refusal("A baseline is of all rules. Leave out --select and --ignore, or set them in opsbook.toml.")
    outside = [file.path for file in source.pages() if scope.paths and not is_within(file.path, scope.paths)]
    if outside:
        raise Refusal(f"A baseline is written of the whole book, and '{outside[0]}' would be left out. Leave out PATH.")


def _accept(path: str, report: LintReport, lines: Lines) -> int:
    from opsbook.book.baseline import write_baseline

    body = write_baseline(report.findings, lines.at)
    part = f"{path}.part"
    try:
        with open(part, "wb") as file:
            file.write(body)
        os.replace(part, path)
    except OSError as wrong:
        raise Failure(f"The baseline '{path}' cannot be written: {wrong.strerror}.") from wrong
    many = len(report.findings)
    click.echo(f"{BASELINE}: {many} findings accepted. Commit it; from now on lint reports only what is new.")
    return 0


class Lines:
    """The lines of files as findings name them; a file is read once, when it is asked for."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = ""
        self._lines: list[str] | None = None

    def of(self, path: str) -> list[str] | None:
        """The lines of a file, or None when it cannot be read."""
        if path != self._path:
            self._path = path
            try:
                with open(os.path.join(self._root, path), "rb", buffering=0) as file:  # a fifth quicker, for hundreds
                    self._lines = file.read().decode("utf-8-sig", "replace").split("\n")
            except OSError:
                self._lines = None
        return self._lines

    def at(self, path: str, number: int) -> str:
        """A line by its number; empty when there is none."""
        lines = self.of(path)
        return lines[number - 1] if lines and number <= len(lines) else ""


def check_words(config: Config, asked: Asked) -> None:
    """Refuses words that would quietly lint nothing: a file that is no page."""
    for path in asked.paths:
        if os.path.isfile(path) and not path.lower().endswith(PAGE_ENDINGS):
            shown = below(config, path)
            raise Usage(f"'{shown}' is no page of Markdown. Files of alert rules are named with --rules.")


def scope_of(config: Config, asked: Asked) -> Scope:
    """Which rules are applied, and where, by the configuration and the words of the call."""
    scope = lint_scope(config, asked.today or date.today())
    return replace(
        scope,
        paths=tuple(below(config, path) for path in asked.paths),
        select=asked.select or scope.select,
        ignore=(*scope.ignore, *asked.ignore),
        alerting=alerting_of(config, asked.rules, asked.url_bases),
    )


def alerting_of(config: Config, rules: Sequence[str], url_bases: Mapping[str, str]) -> Alerting:
    """Where the rule files lie and how runbooks are addressed: the words of the call before the configuration."""
    paths = [os.path.abspath(path) for path in rules] or [os.path.join(config.root, path) for path in config.rule_paths]
    bases = {**config.url_bases, **{url: folder_of(config, folder) for url, folder in url_bases.items()}}
    return Alerting(tuple(paths), bases, config.runbook_keys)


def folder_of(config: Config, folder: str) -> str:
    """A folder as the caller wrote it, relative to the root: from the working directory, the root, or the book."""
    for base in (os.getcwd(), config.root, config.book):
        path = os.path.normpath(os.path.join(base, folder))
        if os.path.isdir(path):
            return below(config, path)
    raise Usage(f"There is no folder '{folder}'. --url-base takes URL=DIR with the folder that holds the runbooks.")


def below(config: Config, path: str) -> str:
    """A path relative to the repository root; raises Usage for one that lies outside."""
    real, root = os.path.realpath(path), os.path.realpath(config.root)
    relative = os.path.relpath(real, root)
    if relative == ".." or relative.startswith("../"):
        raise Usage(f"'{path}' does not lie in the book's repository '{config.root}'. Name its book with --book.")
    return "" if relative == "." else relative.replace(os.sep, "/")


def write(
    report: LintReport, form: str, source: Callable[[str], list[str] | None], *, where: str = "", accepted: int = 0
) -> None:
    """Prints a report on standard output in the wanted form."""
    from opsbook.entrypoints.shown import findings as shown

    if form == "json":
        sys.stdout.buffer.write(shown.as_json(report))
    elif form == "sarif":
        from opsbook.entrypoints.shown.sarif import as_sarif

        sys.stdout.buffer.write(as_sarif(report))
    elif form == "github":
        sys.stdout.write("".join(line + "\n" for line in shown.as_annotations(report)))
    else:
        wanted = click.get_current_context().color
        is_coloured = sys.stdout.isatty() if wanted is None else wanted
        telling = shown.Telling(is_coloured, terminal_width(), where, accepted, BASELINE)
        sys.stdout.write("".join(line + "\n" for line in shown.as_text(report, source, telling)))


def list_rules(form: str) -> None:
    """Prints every rule with its severity and what it is about."""
    from opsbook.usecases.chosen_rules import about_rules, all_rules

    rules, about = all_rules(), about_rules()
    if form == "json":
        rows = [
            {"rule": rule.name, "severity": rule.severity, "kinds": sorted(rule.kinds), "about": about.get(rule.name)}
            for rule in rules
        ]
        sys.stdout.buffer.write(msgspec.json.encode({"rules": rows}) + b"\n")
        return
    longest = max(len(rule.name) for rule in rules)
    for rule in rules:
        line = f"{rule.name:<{longest}}  {rule.severity:<7}  {about.get(rule.name, '')}"
        for part in wrapped(line, terminal_width(), longest + 11):
            click.echo(part)
