"""The verbs of `opsbook incident` by which people work in it: notes, roles, tasks, the timeline, action items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.incident_terminal import (
    at_option,
    changed,
    incident_terminal,
    number_argument,
    offline_option,
    utc_option,
    why_option,
)
from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.entrypoints.incident_terminal import IncidentTerminal
    from opsbook.ledger.incident import Incident

ENTRY_KINDS = ("note", "decision", "command", "deploy", "change", "file", "chat")
ACTION_KINDS = ("prevent", "detect", "mitigate", "process", "document")
_ENTRY = click.argument("entry", metavar="ENTRY")
_OWNER = click.option("--owner", default="", metavar="NAME", help="Whose it is.")


@verb(
    "note",
    examples=(
        "opsbook incident note 14 'The primary is full.'",
        "opsbook incident note 14 'We fail over.' --kind decision --at '02:40'",
        "opsbook incident note 14 --file graph.png 'It began at the deploy.'",
        "journalctl -u api -n 50 | opsbook incident note 14 -",
        "opsbook incident note 14 --chat copied.txt",
    ),
)
@number_argument
@click.argument("text", nargs=-1, metavar="TEXT|-")
@click.option("--kind", type=click.Choice(ENTRY_KINDS), default="note", metavar="KIND",
              help=f"{', '.join(ENTRY_KINDS)}.")  # fmt: skip
@at_option
@click.option("--file", "files", multiple=True, metavar="FILE", help="A file or picture of it; repeatable.")
@click.option("--link", default="", metavar="URL", help="Where more of it is.")
@click.option("--key", default="", metavar="TEXT", help="What it is known by: sent twice, it is kept once.")
@click.option("--chat", default="", metavar="FILE|-", help="A chat that was copied: each message is an entry.")
@offline_option
def note(shared: Shared, *, incident: str, text: Sequence[str], kind: str, when: str | None, files: Sequence[str],
         link: str, key: str, chat: str, offline: bool) -> None:  # fmt: skip
    """Write into the timeline; what was written is corrected later, and never lost.

    While the ledger is away, a note for an incident that only the ledger knows is kept here, and brought later.
    """
    from opsbook.entrypoints.incident_notes import chat_noted, noted
    from opsbook.entrypoints.incident_words import files_of, words_of

    if chat:
        chat_noted(shared, incident, chat, offline=offline)
        return
    noted(shared, incident, words_of(text), offline=offline, kind=kind, when=when,
          files=files_of(files), link=link, key=key)  # fmt: skip


@verb(
    "role",
    examples=(
        "opsbook incident role 14 commander @ada",
        "opsbook incident role 14 scribe",
        "opsbook incident role 14 commander @ada --release",
    ),
)
@number_argument
@click.argument("role", metavar="ROLE")
@click.argument("person", required=False, metavar="[PERSON]")
@click.option("--release", "is_release", is_flag=True, help="They have it no longer.")
@why_option
@offline_option
def role(shared: Shared, *, incident: str, role: str, person: str | None, is_release: bool, why: str,
         offline: bool) -> None:  # fmt: skip
    """Give somebody a role, or take it; without a PERSON it is yours. What only one can have is handed over."""
    from opsbook.book.incident_roles import known_role
    from opsbook.entrypoints.incident_terminal import warn
    from opsbook.entrypoints.shown.incident import done_line

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        whom = person or by
        if person and not is_release and (unknown := verbs.unknown_person(person)):
            warn(unknown)
        return verbs.release(incident, by, role, whom, why=why) if is_release else verbs.assign(
            incident, by, role, whom, why=why)  # fmt: skip

    def said(made: Incident) -> list[str]:
        shown = known_role(role, tuple(each.role for each in made.roles))[0] or role
        who = ", ".join(made.holders(shown))
        return [done_line(made, f"has {who} as {shown}." if who else f"has nobody as {shown}.")]

    changed(shared, offline, act, said)


@verb("call", examples=("opsbook incident call 14 @ben --why 'knows the payment gateway'",))
@number_argument
@click.argument("person", metavar="NAME")
@click.option("--why", required=True, metavar="TEXT", help="What they are needed for; they read it.")
@offline_option
def call(shared: Shared, *, incident: str, person: str, why: str, offline: bool) -> None:
    """Call somebody in: a person, team or schedule is paged until they answer."""
    from opsbook.entrypoints.incident_terminal import warn
    from opsbook.entrypoints.shown.incident import done_line

    unsent: list[str] = []

    def act(found: IncidentTerminal, by: str) -> Incident:
        found.only_online("Nobody can be called", "Call them by phone, and note that you did.")
        made = found.desk.incidents.call(incident, by, person, why)
        if told := found.unsent():
            unsent.append(told)
            warn(f"{made.called[-1][0]} is NOT called yet. Telephone them. {told}")
        return made

    def said(made: Incident) -> list[str]:
        whom, page = made.called[-1]
        if unsent:
            return [done_line(made, f"wants {whom}, who is not called yet. 'opsbook page show {page}' tells when.")]
        return [done_line(made, f"calls {whom}. 'opsbook page show {page}' tells whether they answered.")]

    changed(shared, offline, act, said)


@verb(
    "task",
    examples=(
        "opsbook incident task 14                      what is open",
        "opsbook incident task 14 'Call the bank' --owner @ada",
        "opsbook incident task 14 3 --done",
    ),
)
@number_argument
@click.argument("task", nargs=-1, metavar="[TEXT|TASK]")
@click.option("--done", "state", flag_value="done", help="It is done.")
@click.option("--drop", "state", flag_value="dropped", help="It is not to be done.")
@click.option("--open", "state", flag_value="open", help="It is to be done again.")
@click.option("--role", default="", metavar="ROLE", help="Whose it is by role.")
@_OWNER
@why_option
@offline_option
def task(shared: Shared, *, incident: str, task: Sequence[str], state: str | None, role: str, owner: str, why: str,
         offline: bool) -> None:  # fmt: skip
    """Add a task, or say what became of one by its number; without either, list them."""
    from opsbook.entrypoints.shown.incident import task_lines
    from opsbook.ground.errors import Usage

    number = task[0].strip("[]#") if len(task) == 1 else ""

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        if not task:
            return verbs.find(incident)
        if number.isdigit():
            if state is None and not owner:
                raise Usage(f"Say what became of task {number}: --done, --drop, --open, or whose it is: --owner NAME.")
            now = next((each.state for each in verbs.find(incident).tasks if each.id == int(number)), "open")
            return verbs.set_task(incident, by, int(number), state or now, owner=owner, why=why)
        return verbs.add_task(incident, by, " ".join(task), role=role, owner=owner)

    changed(shared, offline, act, task_lines, reads=not task)


@verb(
    "timeline",
    examples=(
        "opsbook incident timeline 14",
        "opsbook incident timeline 14 --kind note --kind decision --utc",
        "opsbook incident timeline 14 failover --limit 20 --format json",
    ),
)
@number_argument
@click.argument("words", nargs=-1, metavar="[WORD…]")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Of this kind, such as note or alert; repeatable.")
@click.option("--pinned", is_flag=True, help="Only what is pinned.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, metavar="N",
              help="The last N.")  # fmt: skip
@utc_option
@offline_option
def timeline(shared: Shared, *, incident: str, words: Sequence[str], kinds: Sequence[str], pinned: bool, limit: int,
             utc: bool, offline: bool) -> None:  # fmt: skip
    """Tell what happened, in order: each with what it is named by in front, for pin and correct."""
    from datetime import UTC, datetime

    from opsbook.entrypoints.run_desk import answer
    from opsbook.entrypoints.shown.clock import Clock
    from opsbook.entrypoints.shown.incident import timeline_lines
    from opsbook.entrypoints.shown.terminal import terminal_width
    from opsbook.ground.errors import Usage
    from opsbook.ground.guesses import closest
    from opsbook.usecases.incident_shown import entry_model
    from opsbook.usecases.incident_timeline import KINDS

    for kind in kinds:
        if kind not in KINDS:
            near = closest(kind, KINDS)
            guess = f" Did you mean '{near}'?" if near else ""
            raise Usage(f"There is no kind '{kind}'.{guess} There are {', '.join(KINDS)}.")
    with incident_terminal(shared, offline=offline) as found:
        shown = found.desk.incidents.find(incident)
        entries = found.desk.timelines.select(
            shown, kinds=kinds, words=" ".join(words), only_pinned=pinned, limit=limit
        )
    entries = entries[::-1]
    model = {"number": shown.number, "timeline": [entry_model(each) for each in entries],
             "is_offline": found.is_offline}  # fmt: skip
    clock = Clock(datetime.now(UTC), is_utc=utc)
    answer(shared, model, timeline_lines(shown, entries, clock, terminal_width(), with_keys=True))


@verb("pin", examples=("opsbook incident pin 14 7", "opsbook incident pin 14 7 --off"))
@number_argument
@_ENTRY
@click.option("--off", is_flag=True, help="It goes back to its place.")
@offline_option
def pin(shared: Shared, *, incident: str, entry: str, off: bool, offline: bool) -> None:
    """Put an entry on top. ENTRY is what the timeline shows in front of it."""
    from opsbook.entrypoints.shown.incident import done_line, long_key

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        return verbs.pin(incident, by, long_key(verbs.find(incident), entry), not off)

    changed(shared, offline, act, lambda made: [done_line(made, f"has {len(made.pins)} of its entries on top.")])


@verb(
    "correct",
    examples=(
        "opsbook incident correct 14 7 --text 'The replica is full.' --why 'a slip'",
        "opsbook incident correct 14 7 --at '02:38' --why 'by the log'",
        "opsbook incident correct 14 7 --strike --why 'it was another host'",
    ),
)
@number_argument
@_ENTRY
@click.option("--text", metavar="TEXT", help="What it should say.")
@at_option
@click.option("--strike", "is_struck", is_flag=True, help="It is struck out.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, which everybody sees.")
@offline_option
def correct(shared: Shared, *, incident: str, entry: str, text: str | None, when: str | None, is_struck: bool,
            why: str, offline: bool) -> None:  # fmt: skip
    """Put an entry right; what it said before stays to be seen."""
    from opsbook.entrypoints.incident_words import happened_of, moment_of, told_at
    from opsbook.entrypoints.shown.incident import done_line, long_key
    from opsbook.ground.errors import Usage

    if text is None and when is None and not is_struck:
        raise Usage("Say what is right: --text TEXT, --at TIME, or --strike.")
    at = moment_of(when)

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        seen = verbs.find(incident)
        key = long_key(seen, entry)
        taken = happened_of(seen, when)
        return verbs.correct(incident, by, key, why, text=text, happened_at=taken, is_struck=is_struck)

    changed(shared, offline, act, lambda made: [done_line(made, f"has entry {entry} corrected{told_at(at)}.")])


@verb(
    "edit",
    examples=(
        "opsbook incident edit 14 title 'Checkout is slow'",
        "opsbook incident edit 14 started_at '02:36' --why 'by the log'",
        "opsbook incident edit 14 root_cause 'The disk was full.'",
    ),
)
@number_argument
@click.argument("field", metavar="FIELD")
@click.argument("value", nargs=-1, required=True, metavar="VALUE")
@why_option
@offline_option
def edit(shared: Shared, *, incident: str, field: str, value: Sequence[str], why: str, offline: bool) -> None:
    """Change a field: title, summary, started_at, detected_at, war_room, cause, root_cause, resolution, lessons, …

    Lists (tags, factors, went_well, went_badly, lucky) take one VALUE each item. `-` alone is standard input.
    """
    from opsbook.entrypoints.incident_words import happened_of, told_at, words_of
    from opsbook.entrypoints.shown.incident import done_line
    from opsbook.ground.errors import Usage
    from opsbook.ground.guesses import closest
    from opsbook.ledger.incident import EDITABLE

    name = field.replace("-", "_").lower()
    if name not in EDITABLE:
        near = closest(name, EDITABLE)
        guess = f" Did you mean '{near}'?" if near else ""
        raise Usage(f"'{field}' is no field that can be changed.{guess} There are {', '.join(EDITABLE)}.")
    text = words_of(value)

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        given: object = list(value) if name in LISTS else text
        if name.endswith("_at"):
            at = happened_of(verbs.find(incident), text)
            given = at.isoformat() if at is not None else None
        return verbs.edit(incident, by, name, given, why=why)

    def said(made: Incident) -> list[str]:
        at = getattr(made, name) if name.endswith("_at") else None
        return [done_line(made, f"has its {name.replace('_', ' ')} written down{told_at(at)}.")]

    changed(shared, offline, act, said)


LISTS = ("tags", "factors", "went_well", "went_badly", "lucky")


@verb(
    "action",
    examples=(
        "opsbook incident action 14 'Alert at 80 % of the disk' --owner @ada",
        "opsbook incident action 14 1 --done",
        "opsbook incident action 14 1 --drop --why 'the disk is gone'",
    ),
)
@number_argument
@click.argument("action", nargs=-1, metavar="[TEXT|ACTION]")
@_OWNER
@click.option("--due", default="", metavar="DAY", help="By when, as 2026-04-30 or tomorrow.")
@click.option("--kind", type=click.Choice(ACTION_KINDS), metavar="KIND", help=f"{', '.join(ACTION_KINDS)}.")
@click.option("--proof", default="", metavar="COMMAND", help="What proves it done.")
@click.option("--start", "state", flag_value="in progress", help="Somebody is at it.")
@click.option("--done", "state", flag_value="done", help="It is done.")
@click.option("--verify", "state", flag_value="verified", help="It is done, and was looked at.")
@click.option("--drop", "state", flag_value="dropped", help="It is not to be done; say why.")
@click.option("--open", "state", flag_value="open", help="It is to be done again.")
@why_option
@offline_option
def action(shared: Shared, *, incident: str, action: Sequence[str], owner: str, due: str, kind: str | None, proof: str,
           state: str | None, why: str, offline: bool) -> None:  # fmt: skip
    """Promise something for afterwards, or say what became of it by its number; without either, list them."""
    from opsbook.entrypoints.incident_words import day_of
    from opsbook.entrypoints.shown.incident import action_lines

    number = action[0].strip("[]#") if len(action) == 1 else ""
    due = day_of(due)

    def act(found: IncidentTerminal, by: str) -> Incident:
        verbs = found.desk.incidents
        if not action:
            return verbs.find(incident)
        if number.isdigit():
            now = next((each.state for each in verbs.find(incident).actions if each.id == int(number)), "open")
            told = {name: value for name, value in (("owner", owner), ("due", due), ("kind", kind or ""),
                                                    ("proof", proof)) if value}  # fmt: skip
            return verbs.set_promise(incident, by, int(number), state or now, why=why, **told)
        return verbs.promise(incident, by, " ".join(action), owner=owner, due=due, kind=kind or "", proof=proof)

    changed(shared, offline, act, action_lines, reads=not action)
