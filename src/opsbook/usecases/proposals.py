"""Proposals: pages of the book that the ledger's events suggest, as commits on branches of their own, for people to
review: reports, post-mortems, patches to runbooks. None changes a page until somebody accepts it.

What is to be done in git is recorded before it is done, and what a kill cut off is finished by whoever looks next.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from opsbook.book.differences import lines_of, merged, three_way
from opsbook.book.typed_text import editable_text, page_bytes
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Conflict, Failure, PageConflict, Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import incident_events
from opsbook.ledger import proposal_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.incident import incident_of
from opsbook.ledger.incident import stream_of as incident_stream
from opsbook.ledger.proposal import Proposal as Proposal
from opsbook.ledger.proposal import folded, group_of, origin_of, proposal_of, stream_of
from opsbook.ledger.proposal_events import ProposalKind as Kind
from opsbook.usecases.edit import Editing, PageEdit, save_bytes
from opsbook.usecases.ids import run_id
from opsbook.usecases.ledger_ports import EngineLedger, Write
from opsbook.usecases.ports import Unreadable

_TRIES = 5  # of recording, where somebody else was quicker
_LOOKED_BACK = 50  # commits of a page, for one that a kill left unrecorded
_MOST_UNFINISHED = 1000
_WRITTEN: dict[str, str] = {"report": "report", "post-mortem": "post-mortem", "patch": "patch", "action": "patch"}


class Branches(Protocol):
    """Commits beside the branch that is checked out."""

    def propose(
        self, branch: str, path: str, content: bytes, *, author: tuple[str, str], message: str
    ) -> str | None:
        """Commits a page, on top of the branch where it exists, else of what is checked out; touches neither the
        working tree nor the index. The same message again is the same commit. None outside of git. Raises Refusal or
        Failure where git refuses."""
        ...

    def read(self, branch: str, path: str) -> bytes | None:
        """The page as it is on that branch now, with what people committed to it since."""
        ...

    def tip(self, branch: str) -> str | None:
        """The last commit of the branch; None where there is no such branch."""
        ...

    def is_merged(self, commit: str) -> bool:
        """Whether what is checked out has that commit."""
        ...

    def forget(self, branch: str, path: str = "") -> bool:
        """Deletes the branch, once it is accepted or declined; leaves one that is checked out, or that has commits of
        other files than `path`. True where there is none any more."""
        ...


class Proposals:
    """The proposals of a book; safe to ask from several threads."""

    def __init__(
        self, ledger: EngineLedger, editing: Editing, branches: Branches, *, now: Callable[[], datetime],
        chance: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._editing = editing
        self._branches = branches
        self._now = now
        self._chance = chance

    def propose(
        self, kind: Kind, path: str, content: bytes, *, title: str, why: str, by: str, author: tuple[str, str],
        incident: int | None = None, reasons: tuple[str, ...] = (),
    ) -> Proposal:  # fmt: skip
        """Proposes a page; one that is open for the same path and incident is superseded, its branch goes on. Gives
        that one where it says the same. Raises Refusal where people changed it on its branch in the same lines."""
        self._editing.repository.check_place(path)
        for attempt in range(_TRIES):
            before = self._open_one(path, incident)
            together = self._with_theirs(before, content) if before is not None else content
            if before is not None and digest_of(together) in (before.digest, digest_of(self.content(before))):
                return before
            base = self._page_now(path)
            if base == together:
                raise Refusal(f"'{path}' says exactly that already: there is nothing to propose.")
            now = self._now()
            made = run_id(now, self._chance(4))
            branch = (before.branch if before is not None else None) or f"opsbook/{_words(kind, incident)}{made}"
            draft = events.proposed(
                kind, path, title=title, why=why, author=author, incident=incident, digest=digest_of(together),
                base=digest_of(base) if base is not None else None, branch=branch, reasons=reasons,
            )  # fmt: skip
            writes = [Write(stream_of(made), [draft], 0), *self._beside(kind, path, made, incident=incident)]
            if before is not None:
                writes.append(Write(stream_of(before.id), [events.superseded(made)], before.number))
            kept = {stream_of(made): together} | ({origin_of(made): base} if base is not None else {})
            try:
                self._ledger.record(writes, actor=by, at=now, attach=kept)
            except Conflict:
                if attempt + 1 == _TRIES:
                    raise
                continue
            return self.find(made)
        raise AssertionError("The last attempt returns or raises.")

    def find(self, proposal: str) -> Proposal:
        """The proposal of that id, or of the only id that begins so, as it is after a look at git; raises Usage."""
        kept = self._ledger.row("proposals", stream_of(proposal))
        if kept is None and len(proposal) >= 4:
            streams = self._ledger.streams(stream_of(proposal))
            if len(streams) > 1:
                raise Usage(f"Several proposals have an id that begins with '{proposal}'. Give more of it.")
            kept = self._ledger.row("proposals", streams[0]) if streams else None
        if kept is None:
            known = [each.stream.removeprefix(events.PROPOSALS) for each in self._ledger.rows("proposals")]
            guess = closest(proposal, known)
            raise Usage(f"There is no proposal '{proposal[:60]}'." + (f" Did you mean {guess}?" if guess else ""))
        return self._settled(proposal_of(kept))

    def select(self, *, is_open: bool | None = True, incident: int | None = None, limit: int = 100) -> list[Proposal]:
        """Proposals, the newest first, as they are after a look at git."""
        unfinished = {
            each.id: each for each in
            (self._settled(proposal_of(kept)) for kept in
             self._ledger.rows("proposals", is_open=True, limit=_MOST_UNFINISHED))
        }  # fmt: skip
        found: list[Proposal] = []
        before: int | None = None
        while len(found) < limit:
            rows = self._ledger.rows("proposals", is_open=True if is_open else None, before=before, limit=limit)
            for kept in rows:
                each = unfinished.get(kept.stream.removeprefix(events.PROPOSALS)) or proposal_of(kept)
                is_wanted = is_open is None or each.is_open == is_open
                if is_wanted and (incident is None or each.incident == incident):
                    found.append(each)
            if len(rows) < limit:
                break
            before = rows[-1].first
        return found[:limit]

    def content(self, proposal: Proposal) -> bytes:
        """The page as it is proposed now: with what people committed to its branch, while it is open."""
        if proposal.is_open and proposal.branch and proposal.is_branched:
            there = self._branches.read(proposal.branch, proposal.path)
            if there is not None:
                return there
        return self._ledger.attachment(stream_of(proposal.id)) or b""

    def made_from(self, proposal: Proposal) -> bytes | None:
        """What it was made from; None for a page that is to be new."""
        return self._ledger.attachment(origin_of(proposal.id))

    def accept(
        self, proposal: str, by: str, author: tuple[str, str], *, text: str | None = None, based_on: str | None = None,
    ) -> Proposal:  # fmt: skip
        """The page becomes a commit of the book, as it is proposed or as `text` says. Raises PageConflict where the
        page has changed since and both touch the same lines; with `based_on`, the digest of the page that whoever wrote
        the text has seen (empty: none), only where it has changed since then. Raises Refusal where it is over."""
        found = self.find(proposal)
        self._check_open(found)
        theirs = self._page_now(found.path)
        if based_on is not None:
            seen, after = based_on or None, page_bytes(theirs or b"", text or "")
        else:
            mine = self.content(found)
            mine = mine if text is None else page_bytes(mine, text)
            seen, after = digest_of(theirs) if theirs is not None else None, self._together(found, mine, theirs)
        begun = events.accept_begun(digest_of(after), by)
        recorded = self._ledger.append(
            stream_of(found.id), [begun], expected=found.number, actor=by, at=self._now()
        )  # fmt: skip
        number = recorded[-1].number
        edit = PageEdit(found.path, seen, by, author, _message(found))
        saved = save_bytes(self._editing, edit, after)
        draft = events.accepted(saved.commit, "accepted", by)
        self._append(stream_of(found.id), draft, by, expected=number)
        return self.find(found.id)

    def decline(self, proposal: str, by: str, why: str) -> Proposal:
        """It is not taken; its branch is deleted, its content kept in the ledger. Raises Usage without a reason,
        Refusal where it is over."""
        found = self.find(proposal)
        self._check_open(found)
        if not why.strip():
            raise Usage("Say in a few words why it is not taken: whoever made it, or will be asked, learns from that.")
        kept = {stream_of(found.id): self.content(found)}  # with what people changed on the branch that goes
        write = Write(stream_of(found.id), [events.declined(by, why.strip())], found.number)
        self._ledger.record([write], actor=by, at=self._now(), attach=kept)
        return self.find(found.id)

    def _beside(self, kind: Kind, path: str, proposal: str, *, incident: int | None) -> list[Write]:
        """What the incident is told of it, at the version that was looked at, so that one proposal alone is made."""
        kept = self._ledger.latest("incidents", [str(incident)]).get(str(incident)) if incident is not None else None
        if kept is None:
            return []
        known = incident_of(kept)
        what = _WRITTEN[kind]
        draft = incident_events.written(what, path, proposal)  # type: ignore[arg-type]
        return [Write(incident_stream(known.id), [draft], known.version)]

    def _open_one(self, path: str, incident: int | None) -> Proposal | None:
        group = group_of(path, incident)
        kept = self._ledger.latest("proposals", [group]).get(group)
        found = self._settled(proposal_of(kept)) if kept is not None else None
        return found if found is not None and found.is_open else None

    def _with_theirs(self, before: Proposal, content: bytes) -> bytes:
        """What is proposed anew, with what people changed on the branch of what was proposed before."""
        was = self._ledger.attachment(stream_of(before.id)) or b""
        there = self.content(before)
        if there in (was, content):
            return content
        joined = _joined(was, content, there)
        if joined is None:
            raise Refusal(
                f"'{before.path}' was changed on the branch '{before.branch}', in lines that would be written anew."
                f" Accept or decline the proposal {before.id} first."
            )
        return joined

    def _together(self, proposal: Proposal, mine: bytes, theirs: bytes | None) -> bytes:
        base = self.made_from(proposal)
        if theirs in (base, mine):
            return mine
        joined = _joined(base, mine, theirs) if base is not None and theirs is not None else None
        if joined is None:
            what = "the page is not there any more" if theirs is None else "it was changed since, in the same lines"
            what = "there is such a page by now" if base is None and theirs is not None else what
            message = f"'{proposal.path}' is not saved: {what}."
            raise PageConflict(message, proposal.path, base=base, mine=mine, theirs=theirs)
        return joined

    def _page_now(self, path: str) -> bytes | None:
        library = self._editing.library
        if path not in library.look().files:
            return None
        raw = library.read(path)
        if isinstance(raw, Unreadable):
            raise Failure(f"The page '{path}' cannot be read: {raw.why}.")
        return raw

    def _check_open(self, proposal: Proposal) -> None:
        if not proposal.is_open:
            who = f" by {proposal.ended_by}" if proposal.ended_by else ""
            raise Refusal(f"The proposal {proposal.id} is {proposal.state}{who} already.")

    # -- what a kill, or a person with git, left ----------------------------------------------------------------

    def _settled(self, proposal: Proposal) -> Proposal:
        """It after what was begun is finished, and after what people did by git is noticed. What cannot be done now is
        left for the next look."""
        with suppress(Conflict):  # somebody else does the same
            if proposal.is_open and not proposal.is_branched:
                proposal = self._branched(proposal)
            if proposal.is_open and proposal.accepting:
                proposal = self._accepted_before(proposal)
            if proposal.is_open and proposal.is_branched:
                proposal = self._taken_by_hand(proposal)
            if not proposal.is_open and not proposal.is_tidy:
                return self._tidied(proposal)
            return proposal
        kept = self._ledger.row("proposals", stream_of(proposal.id))
        return proposal_of(kept) if kept is not None else proposal

    def _branched(self, proposal: Proposal) -> Proposal:
        content = self._ledger.attachment(stream_of(proposal.id)) or b""
        branch = proposal.branch or ""
        try:
            commit = self._branches.propose(
                branch, proposal.path, content, author=proposal.author, message=_message(proposal)
            )
        except Refusal as wrong:
            return self._after(proposal, events.branched(None, None, str(wrong)))
        except Failure as wrong:
            if wrong.retryable:
                return proposal
            return self._after(proposal, events.branched(None, None, str(wrong)))
        return self._after(proposal, events.branched(branch if commit else None, commit))

    def _accepted_before(self, proposal: Proposal) -> Proposal:
        """It is accepted where the page became what somebody was about to make of it, and a kill came before that was
        recorded."""
        now = self._page_now(proposal.path)
        commit: str | None = None
        is_there = now is not None and digest_of(now) == proposal.accepting
        for change in self._editing.repository.history(proposal.path, _LOOKED_BACK):
            raw = self._editing.repository.at(proposal.path, change.commit)
            digest = digest_of(raw) if raw is not None else None
            if digest == proposal.accepting:
                commit, is_there = change.commit, True
            if digest in (proposal.accepting, proposal.base):
                break  # what is older was before it
        if not is_there:
            return proposal
        return self._after(proposal, events.accepted(commit, "accepted", proposal.accepting_by))

    def _taken_by_hand(self, proposal: Proposal) -> Proposal:
        """It is accepted where what is checked out has the commits of its branch, or the page says what is proposed."""
        facts = self._editing.library.snapshot().facts.get(proposal.path)
        tip = (self._branches.tip(proposal.branch) if proposal.branch else None) or proposal.commit
        if tip is not None and self._branches.is_merged(tip):
            return self._after(proposal, events.accepted(tip, "merged with git", ""))
        if facts is not None and facts.digest == proposal.digest:
            return self._after(proposal, events.accepted(None, "the page says so already", ""))
        return proposal

    def _tidied(self, proposal: Proposal) -> Proposal:
        """Its branch is deleted, or left where somebody has it checked out or has more on it."""
        branch = proposal.branch
        try:
            is_gone = not branch or self._branches.forget(branch, proposal.path)
        except Failure as wrong:
            if wrong.retryable:
                return proposal
            is_gone, branch = False, f"{branch} ({wrong})"
        return self._after(proposal, events.tidied("" if is_gone else f"The branch {branch} is left as it is."))

    def _after(self, proposal: Proposal, draft: Draft) -> Proposal:
        by = proposal.by if proposal.is_open else proposal.ended_by or proposal.by
        return self._append(stream_of(proposal.id), draft, by, expected=proposal.number, before=proposal)

    def _append(
        self, stream: str, draft: Draft, by: str, *, expected: int, before: Proposal | None = None
    ) -> Proposal:  # fmt: skip
        recorded = self._ledger.append(stream, [draft], expected=expected, actor=by, at=self._now())
        made = folded(recorded if before is not None else self._ledger.read(stream), before)
        assert made is not None  # it was one before
        return made


def _joined(base: bytes, mine: bytes, theirs: bytes) -> bytes | None:
    """Both changes in one page, None where they touch the same lines."""
    sides = [lines_of(editable_text(raw)) for raw in (base, mine, theirs)]
    text = merged(three_way(*sides))
    return page_bytes(theirs, text) if text is not None else None


def _message(proposal: Proposal) -> str:
    """What the commit says; it names the proposal, so that a second try of it is known."""
    reasons = "".join(f"\n- {reason}" for reason in proposal.reasons)
    parts = [proposal.title, proposal.why + reasons, f"Proposal: {proposal.id}"]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _words(kind: str, incident: int | None) -> str:
    return f"{kind}-INC-{incident}-" if incident is not None else f"{kind}-"
