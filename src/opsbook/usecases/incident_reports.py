"""What was learned, written down: the report in the words of the book's template, the post-mortem, the patch to a
runbook. Everything is proposed (see `proposals`); nothing is committed to what is checked out.

A report is written by whoever resolves the incident, and else by whoever looks next (`write_due`): what is resolved
and has none shows that it is due, so a kill loses nothing, and the incident's own stream decides who was first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book.post_mortem_policy import USUAL, PostMortemPolicy, due_day, read_post_mortem_policy
from opsbook.book.report_page import Told, report_page
from opsbook.ground.errors import Conflict, Refusal, Usage
from opsbook.ground.slugs import github_slug
from opsbook.ledger import incident_events as events
from opsbook.ledger.incident import Incident, incident_of, stream_of
from opsbook.ledger.incident_values import PostMortemDue
from opsbook.ledger.proposal_events import ProposalKind
from opsbook.usecases.edit import Editing
from opsbook.usecases.incident_timeline import Timelines
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.new import template_for
from opsbook.usecases.ports import Seed
from opsbook.usecases.proposals import Proposal, Proposals
from opsbook.usecases.report_told import handle, told_of, without_secrets
from opsbook.usecases.runbook_patches import Patch as Patch
from opsbook.usecases.runbook_patches import patches_of

ACTOR = "opsbook"
AUTHOR = ("Opsbook", "")
_ADDRESS = re.compile(r"\b[a-z]+://\S+", re.I)  # titles of alerts have some; nobody reads them in the name of a page
_LOOKED_AT = 200  # incidents that ended last
# How far a post-mortem is, by the Status of its page.
_STATES = {"draft": "draft", "in review": "in review", "review": "in review", "reviewed": "reviewed",
           "approved": "reviewed", "closed": "reviewed", "published": "reviewed", "final": "reviewed"}  # fmt: skip


class PageSays(Struct, frozen=True):
    """What the page of a post-mortem says of how far it is: its path, its Status, and the state that this is."""

    path: str
    status: str
    state: str


class Written(Struct, frozen=True):
    """What `write_due` did: reports that are proposed, and why others are not, by the incident's name."""

    proposed: tuple[Proposal, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


class Reports:
    """Reports, post-mortems and patches of incidents. `seed` gives the templates of a book that has none."""

    def __init__(
        self, ledger: EngineLedger, editing: Editing, proposals: Proposals, timelines: Timelines, *,
        now: Callable[[], datetime], seed: Callable[[], Seed],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._editing = editing
        self._proposals = proposals
        self._timelines = timelines
        self._now = now
        self._seed = seed
        self._looked_at = -1  # the position of the ledger up to which nothing was due

    def report(self, incident: Incident, by: str, author: tuple[str, str]) -> Proposal:
        """The report on a branch, in the book's Incident Response template word for word, times and services filled."""
        self._check(incident)
        path = self.path(incident, "report")
        told = self._told(incident, incident.status)
        content = self._page("incident", told, path)
        why = f"What the ledger knows of {incident.name}; slots that are left are for people."
        return self._propose("report", incident, path, content, why=why, by=by, author=author)

    def post_mortem(self, incident: Incident, by: str, author: tuple[str, str]) -> Proposal:
        """The post-mortem from the book's template, with the timeline, its due day and owner. From then on it is a
        draft."""
        self._check(incident)
        path, report = self.path(incident, "post-mortem"), self.path(incident, "report")
        told = self._told(incident, "Draft")
        due = incident.post_mortem or self._due(incident)
        has_report = self._has_report(incident, report)
        link = f"[{incident.name}]({report.rpartition('/')[2]})" if has_report else incident.name
        labels = {**told.labels, "incident": link, "due": due.due}
        if due.owner:
            labels["owner"] = due.owner
        changes = self._runbook_changes(incident, path)
        told = replace(told, labels=labels, lists={**told.lists, "changes": changes})
        content = self._page("post-mortem", told, path)
        why = f"Due {due.due}." if due.due else ""
        made = self._propose("post-mortem", incident, path, content, why=why, by=by, author=author)
        now = self._find(incident)
        if now.post_mortem is None or now.post_mortem.state == "due":
            self._reviewed(now, "draft", due, by=by)
        return made

    def patches(self, incident: Incident) -> list[Patch]:
        """What the runbooks might say better, out of the runs of the incident; empty where nothing was learned."""
        return patches_of(self._ledger, self._editing.library, incident, self._timelines.entries(incident))

    def unproposed(self, incident: Incident) -> list[Patch]:
        """The patches that nobody has proposed yet, nor declined; none while its runs may go on."""
        if incident.is_live or not incident.runs:
            return []
        before = self._proposals.select(is_open=None, incident=incident.number)
        settled = {each.path for each in before if each.kind == "patch" and each.state != "accepted"}
        return [each for each in self.patches(incident) if each.path not in settled]

    def propose_patch(self, incident: Incident, path: str, by: str, author: tuple[str, str]) -> Proposal:
        """The patch to a page, proposed; raises Usage where nothing was learned about it."""
        found = next((each for each in self.patches(incident) if each.path == path), None)
        if found is None:
            raise Usage(f"The runs of {incident.name} say nothing that '{path}' does not say already.")
        return self._proposals.propose(
            "patch", path, found.content, title=f"{path.rpartition('/')[2]}: as it was done in {incident.name}",
            why=f"Learned from the run {found.run} of {incident.name}.", by=by, author=author,
            incident=incident.number, reasons=found.reasons,
        )  # fmt: skip

    def path(self, incident: Incident, what: str) -> str:
        """Where its report or post-mortem stands or will stand: beside the policy page, by its day and title."""
        written = next((each.path for each in reversed(incident.writings) if each.what == what), "")
        if written:
            return written
        folder = self._policy_path(incident).rpartition("/")[0] or self._folder()
        started = (incident.started_at or incident.detected_at or incident.declared_at).astimezone(UTC)
        slug = github_slug(_ADDRESS.sub("", without_secrets(incident.title))).strip("-_")
        words = "-".join(part for part in slug.split("-") if part)[:80].strip("-")
        name = f"{started:%Y-%m-%d}-{words or incident.name.lower()}"
        report = next((each.path for each in reversed(incident.writings) if each.what == "report"), "")
        if what == "post-mortem":
            name = report.rpartition("/")[2].removesuffix(".md") or name
            return f"{folder}/{name}-post-mortem.md"
        path = f"{folder}/{name}.md"
        is_taken = path in self._editing.library.snapshot().files or any(
            each.path == path and each.incident != incident.number for each in self._proposals.select(is_open=True)
        )
        return f"{folder}/{name}-{incident.name.lower()}.md" if is_taken else path

    def write_due(self) -> Written:
        """Writes the reports of incidents that are resolved and have none, says by when a post-mortem is due, and
        follows the Status of post-mortems that are accepted. Costs nothing while nothing is recorded."""
        head = self._ledger.head()
        if head == self._looked_at:
            return Written()
        proposed: list[Proposal] = []
        refused: list[tuple[str, str]] = []
        for kept in self._ledger.rows("incidents", is_open=False, limit=_LOOKED_AT):
            incident = incident_of(kept)
            if incident.state not in ("resolved", "closed"):
                continue
            try:
                if self._wants_report(incident):
                    proposed.append(self.report(incident, ACTOR, AUTHOR))
                self._follow(self._find(incident) if proposed else incident)
            except Conflict:  # somebody else was quicker; the next look sees what they did
                head = -1
            except (Refusal, Usage) as wrong:
                refused.append((incident.name, str(wrong)))
        self._looked_at = head
        return Written(tuple(proposed), tuple(refused))

    # -- what is due -------------------------------------------------------------------------------------------

    def _wants_report(self, incident: Incident) -> bool:
        if incident.is_drill or incident.resolved_at is None:
            return False
        last = next((each for each in reversed(incident.writings) if each.what == "report"), None)
        if last is None:
            return True
        is_newer = incident.resolved_at > last.at  # it was worse again since
        return is_newer and self._proposals.find(last.proposal).is_open

    def _follow(self, incident: Incident) -> None:
        state = incident.post_mortem
        if state is None:
            if incident.severity in self.policy(incident).required and not incident.is_drill:
                due = self._due(incident)
                self._reviewed(incident, "due", due, by=ACTOR)
            return
        said = self.page_says(incident)
        if said is not None and said.state != state.state != "waived":
            self._reviewed(incident, said.state, state, by=ACTOR, why=f"{said.path} says {said.status}.")

    def page_says(self, incident: Incident) -> PageSays | None:
        """How far its post-mortem is by the Status on its page; None where none is in the book, or it does not say.
        What is written there counts: the ledger follows it."""
        written = next((each.path for each in reversed(incident.writings) if each.what == "post-mortem"), "")
        facts = self._editing.library.snapshot().facts.get(written) if written else None
        if facts is None or facts.report is None:
            return None
        state = _STATES.get(facts.report.status.lower(), "")
        return PageSays(written, facts.report.status, state) if state else None

    def policy(self, incident: Incident) -> PostMortemPolicy:
        """When post-mortems are due, by the policy page."""
        path = self._policy_path(incident)
        return read_post_mortem_policy(self._editing.library.page(path)) if path else USUAL

    def _due(self, incident: Incident) -> PostMortemDue:
        ended = (incident.resolved_at or self._now()).astimezone(UTC).date()
        term = self.policy(incident).terms.get(incident.severity, USUAL.terms["P3"])
        owner = next(iter(incident.holders("commander") or incident.holders("Incident Commander")), "")
        owner = owner or incident.acknowledged_by
        return PostMortemDue("due", handle(owner),
                             due_day(ended, term, self._holidays(incident)).isoformat())  # fmt: skip

    def _holidays(self, incident: Incident) -> set[date]:
        facts = self._editing.library.snapshot().facts.get(self._policy_path(incident))
        if facts is None or facts.policy is None:
            return set()
        return {holiday.day for schedule in facts.policy.roster.schedules for holiday in schedule.holidays}

    def _reviewed(self, incident: Incident, state: str, of: PostMortemDue, *, by: str, why: str = "") -> None:
        draft = events.reviewed(state, owner=of.owner, due=of.due, why=why)
        self._ledger.append(stream_of(incident.id), [draft], expected=incident.version, actor=by, at=self._now())

    # -- what is written ---------------------------------------------------------------------------------------

    def _told(self, incident: Incident, status: str) -> Told:
        entries = self._timelines.entries(incident)
        return told_of(incident, entries, status=status, ledger=self._ledger, now=self._now())

    def _page(self, kind: str, told: Told, path: str) -> bytes:
        library = self._editing.library
        return report_page(template_for(library, self._seed(), kind), told, library.reading)

    def _propose(
        self, kind: ProposalKind, incident: Incident, path: str, content: bytes, *, why: str, by: str,
        author: tuple[str, str],
    ) -> Proposal:  # fmt: skip
        words = f"{kind.capitalize()} of {incident.name}: {without_secrets(incident.title)}"
        title = " ".join(words.split())[:200]
        return self._proposals.propose(
            kind, path, content, title=title, why=why, by=by, author=author, incident=incident.number
        )

    def _has_report(self, incident: Incident, path: str) -> bool:
        is_written = any(each.what == "report" for each in incident.writings)
        return is_written or path in self._editing.library.snapshot().files

    def _runbook_changes(self, incident: Incident, path: str) -> tuple[str, ...]:
        made = []
        for each in self.patches(incident):
            reasons = " ".join(each.reasons)
            made.append(f"- `{each.path}`: {reasons}" if reasons else f"- `{each.path}`")
        return tuple(made)

    def _check(self, incident: Incident) -> None:
        if incident.state == "merged":
            other = next((each.other for each in incident.relations if each.how == "merged into"), 0)
            raise Refusal(f"{incident.name} was merged into INC-{other}: that one has the report.")

    def _find(self, incident: Incident) -> Incident:
        kept = self._ledger.row("incidents", stream_of(incident.id))
        return incident_of(kept) if kept is not None else incident

    def _policy_path(self, incident: Incident) -> str:
        facts = self._editing.library.snapshot().facts
        if incident.policy in facts:
            return incident.policy
        policies = sorted((path for path, each in facts.items() if each.policy is not None), key=_depth)
        return next((path for path in policies if "incident" in path.lower()), next(iter(policies), ""))

    def _folder(self) -> str:
        folder = self._editing.library.book
        return "incidents" if folder in ("", ".") else f"{folder}/incidents"


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path

