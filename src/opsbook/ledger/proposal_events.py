"""The events of a proposal: their kinds, and a draft of each. Folds nothing, and decides nothing.

Each proposal has a stream of its own, `proposal/ID`. What it proposes and what it was made from are kept beside the
events, as the attachments `proposal/ID` and `proposal-base/ID`, so that neither is lost with a branch.
"""

from __future__ import annotations

from typing import Literal

from opsbook.ledger.event import Draft

PROPOSALS = "proposal/"
BASES = "proposal-base/"

ProposalKind = Literal["report", "post-mortem", "patch", "action", "discovery"]

PROPOSED = "PageProposed"
BRANCHED = "ProposalBranched"
SUPERSEDED = "ProposalSuperseded"
ACCEPT_BEGUN = "ProposalAcceptBegun"
ACCEPTED = "ProposalAccepted"
DECLINED = "ProposalDeclined"
TIDIED = "ProposalTidied"


def proposed(
    kind: ProposalKind, path: str, *, title: str, why: str, author: tuple[str, str], incident: int | None,
    base: str | None, digest: str, branch: str, reasons: tuple[str, ...] = (),
) -> Draft:  # fmt: skip
    """A page is proposed: `base` is the digest of what it was made from, None for a new page, `digest` that of what is
    proposed. The commit on `branch` follows; `reasons` tell of each change why."""
    return Draft(PROPOSED, {
        "kind": kind, "path": path, "title": title, "why": why, "author": list(author), "incident": incident,
        "base": base, "digest": digest, "branch": branch, "reasons": list(reasons),
    })  # fmt: skip


def branched(branch: str | None, commit: str | None, why: str = "") -> Draft:
    """It is a commit on that branch; neither outside of git, or where git refused, which `why` tells."""
    return Draft(BRANCHED, {"branch": branch, "commit": commit, "why": why})


def superseded(by: str) -> Draft:
    """Another proposal took its place, and goes on with its branch."""
    return Draft(SUPERSEDED, {"by": by})


def accept_begun(digest: str, by: str) -> Draft:
    """Somebody accepts it: the page is about to become what has this digest."""
    return Draft(ACCEPT_BEGUN, {"digest": digest, "by": by})


def accepted(commit: str | None, how: str, by: str) -> Draft:
    """The page of the book is what was proposed, by that commit; `how` says by what: here, or by git, by hand."""
    return Draft(ACCEPTED, {"commit": commit, "how": how, "by": by})


def declined(by: str, why: str) -> Draft:
    """It is not taken."""
    return Draft(DECLINED, {"by": by, "why": why})


def tidied(why: str = "") -> Draft:
    """Its branch is gone; or was left where it is, and `why`."""
    return Draft(TIDIED, {"why": why})
