"""What the verbs of incidents on the command line share: the ledger, or the file that stands in for it while that is
away, and how what was changed is told. Knows no verb."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from opsbook.entrypoints.options import Shared
from opsbook.entrypoints.people import actor_by_token, at_terminal, who_acts
from opsbook.entrypoints.run_desk import answer
from opsbook.ground.errors import Failure, Refusal, Usage

if TYPE_CHECKING:
    from opsbook.adapters.postgres_ledger import PostgresLedger
    from opsbook.adapters.sqlite_ledger import SqliteLedger
    from opsbook.config import Config
    from opsbook.incident_parts import AskedEditing
    from opsbook.ledger.incident import Incident
    from opsbook.usecases.bringing import Brought
    from opsbook.usecases.incident_desk import IncidentDesk
    from opsbook.usecases.library import Book

LATE_HINT = "'opsbook incident bring --late N=M' brings the notes for INC-N into INC-M."
number_argument = click.argument("incident", metavar="N")
offline_option = click.option(
    "--offline", is_flag=True, help="Record into a file here, to be brought into the ledger later."
)
why_option = click.option("--why", default="", metavar="TEXT", help="The reason, which everybody sees.")
utc_option = click.option("--utc", is_flag=True, help="Times in UTC alone.")
at_option = click.option("--at", "when", metavar="TIME", help="When it happened, such as '02:40' or '10 min ago'.")


class IncidentTerminal(Struct, frozen=True):
    """The verbs of incidents over a ledger, or over the file that stands in for it (`is_offline`)."""

    config: Config
    ledger: SqliteLedger | PostgresLedger
    desk: IncidentDesk
    editing: AskedEditing
    is_offline: bool

    def who(self) -> str:
        """Who acts: the account whose token is in OPSBOOK_TOKEN, else the user of this machine. A file knows no
        accounts: there it is always the user."""
        return at_terminal() if self.is_offline else who_acts(self.config, self.ledger, "respond")

    def is_admin(self) -> bool:
        """Whether it is an admin's token that acts."""
        from opsbook.config import token

        secret = token()
        return bool(secret) and not self.is_offline and actor_by_token(
            self.config, self.ledger, secret, "respond").role == "admin"  # fmt: skip

    def author(self, by: str) -> tuple[str, str]:
        """The name and the address that a commit of theirs carries."""
        from opsbook.wire import author_at

        return author_at(self.config.root, by.removeprefix("terminal:"))

    def now(self) -> datetime:
        """What time it is."""
        return datetime.now(UTC)

    @property
    def book(self) -> Book:
        """The book as a whole, as it is now."""
        return self.editing.library.snapshot()

    def only_online(self, what: str, instead: str = "") -> None:
        """Raises Refusal where the ledger is away: some things are of no use in a file."""
        if self.is_offline:
            raise Refusal(f"{what} while the ledger is away.{f' {instead}' if instead else ''}")

    def unsent(self) -> str:
        """Why nobody is called or told now by what is recorded, and how that is mended; empty where a server sends."""
        from opsbook.usecases.paging_audit import silence

        told = "" if self.is_offline else silence(self.ledger, self.now())
        return f"{told} It is sent once 'opsbook serve' runs on this ledger." if told else ""

    def model(self, incident: Incident) -> dict[str, Any]:
        """The incident as a whole, as JSON."""
        from opsbook.usecases.incident_shown import incident_model

        entries, dues = self.desk.timelines.entries(incident), self.desk.incidents.due(incident)
        return {**incident_model(incident, entries, dues), "is_offline": self.is_offline}


@contextmanager
def incident_terminal(shared: Shared, *, offline: bool = False, brings: bool = True) -> Iterator[IncidentTerminal]:
    """It, until the end of the `with`. Where the ledger is away, which is told, it is the file that stands in for it;
    where it is not, what waits in that file is brought first, which is told in one line."""
    from opsbook.incident_parts import AskedEditing, build_asked_desk

    config = shared.config()
    with ExitStack() as stack:
        ledger = None if offline else _reached(config)
        is_offline = ledger is None
        if ledger is None:
            ledger = _stand_in(config, stack)
        stack.callback(ledger.close)
        editing = AskedEditing(config, ledger)
        stack.callback(editing.close)
        found = IncidentTerminal(config, ledger, build_asked_desk(config, ledger, editing), editing, is_offline)
        if brings and not is_offline:
            _bring_waiting(found)
        try:
            yield found
        except Usage as wrong:
            if is_offline and str(wrong).startswith("There is no incident"):
                wrong.at_terminal = (
                    "The file here does not hold it. While the ledger is away, only a note for it can be kept:"
                    " 'opsbook incident note N TEXT'."
                )
            raise
        except Failure as wrong:
            if is_offline or not wrong.retryable:
                raise
            raise Failure(f"{wrong} With --offline it is recorded into a file.", retryable=True) from wrong
        if not is_offline:
            _keep_last_number(found)


def bring(
    found: IncidentTerminal, file: str | None, within_s: float = 10.0, *, late_into: Mapping[int, int] | None = None
) -> Brought | None:
    """Brings what a file holds into the ledger; None where there is none. That which stands in for the ledger is put
    away then, where nothing was left in it; any other is only read."""
    from opsbook.incident_parts import build_bringing
    from opsbook.wire_ledger import build_offline_file, build_offline_ledger, opened_copy

    bringing, by = build_bringing(found.ledger), found.who()
    ours = build_offline_file(found.config)
    if file is not None and os.path.realpath(file) != os.path.realpath(ours.path):
        with opened_copy(found.config, file) as other:
            return bringing.bring(other, by, late_into)
    if not ours.exists():
        return None
    with ours.alone(within_s):
        if not ours.exists():  # somebody else was quicker
            return None
        waiting = build_offline_ledger(found.config)
        try:
            brought, is_empty = bringing.bring(waiting, by, late_into), waiting.head() == 0
        finally:
            waiting.close()
        if is_empty:
            ours.forget()
        elif not brought.left:
            ours.put_away(datetime.now(UTC))
    return brought


def changed(
    shared: Shared, offline: bool, act: Callable[[IncidentTerminal, str], Incident],
    said: Callable[[Incident], Iterable[str]], *, reads: bool = False,
) -> None:  # fmt: skip
    """Does it and tells it: as JSON the incident as it is by now, else these lines. Who only `reads` is not asked who
    they are."""
    with incident_terminal(shared, offline=offline) as found:
        made = act(found, "" if reads else found.who())
        model = found.model(made) if shared.format == "json" else {}
    answer(shared, model, iter(said(made)))


def brought_line(brought: Brought) -> str:
    """What was brought, in one line."""
    parts = [
        f"INC-{number} (INC-{was} in the file)" if number != was else f"INC-{number}"
        for number, was, _ in brought.incidents
    ]
    parts += [f"late notes for INC-{number}" for number in brought.late]
    entries = "1 entry" if brought.entries == 1 else f"{brought.entries} entries"
    return f"Brought into the ledger: {', '.join(parts) or 'nothing new'}; {entries}."


def warn(words: str) -> None:
    """Says loudly, beside the answer."""
    click.echo(click.style(f"opsbook: {words}", fg="yellow", bold=True), err=True)


def _reached(config: Config) -> SqliteLedger | PostgresLedger | None:
    from opsbook.wire_ledger import build_ledger, is_shared

    try:
        return build_ledger(config)
    except Failure as wrong:
        if not is_shared(config):
            raise Failure(f"{wrong} With --offline it is recorded into a file.", retryable=wrong.retryable) from wrong
        if not wrong.retryable:
            raise
        warn(str(wrong))
        return None


def _stand_in(config: Config, stack: ExitStack) -> SqliteLedger:
    from opsbook.usecases.bringing import keep_numbers_free
    from opsbook.wire_ledger import build_offline_file, build_offline_ledger

    file = build_offline_file(config)
    stack.enter_context(file.shared())
    shown = os.path.relpath(file.path)
    warn(
        f"OFFLINE: working with {shown if not shown.startswith('..') else file.path} on this machine alone. The next"
        " 'opsbook incident' that reaches the ledger brings it there."
    )
    ledger = build_offline_ledger(config)
    keep_numbers_free(ledger, file.last_number, at=datetime.now(UTC))
    return ledger


def _keep_last_number(found: IncidentTerminal) -> None:
    """Remembers how far the numbers of the ledger go, for when it is away."""
    from opsbook.ledger.incident import INCIDENT_VIEW, incident_of
    from opsbook.wire_ledger import build_offline_file

    last = found.ledger.rows(INCIDENT_VIEW.name, limit=1)
    if last:
        build_offline_file(found.config).saw_number(incident_of(last[0]).number)


def _bring_waiting(found: IncidentTerminal) -> None:
    """Brings what waits, if something does. The verb that was asked for goes on whatever becomes of it."""
    from opsbook.wire_ledger import OFFLINE

    if not os.path.exists(os.path.join(found.config.state, OFFLINE)):
        return
    try:
        brought = bring(found, None, 0)
    except (Refusal, Failure) as wrong:
        warn(f"What was recorded offline is not in the ledger yet. {wrong}")
        return
    if brought is not None and (brought.entries or brought.left):
        told = brought_line(brought) if brought.entries else ""
        left = (LATE_HINT,) if brought.left else ()
        click.echo(f"opsbook: {' '.join(filter(None, (told, *brought.left, *left)))}", err=True)
