"""What is told and written of an incident, by the API: status updates, report, post-mortem, patches, proposals."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import NotFoundException

from opsbook.entrypoints.api import incident_models as models
from opsbook.entrypoints.api.incident_answer import (
    IncidentModel,
    PatchList,
    ProposalList,
    ProposalModel,
    answer,
    proposal_answer,
)
from opsbook.entrypoints.api.incident_entries import number
from opsbook.entrypoints.api.incidents import ONE, by, named
from opsbook.entrypoints.api.operation import Asks, operation
from opsbook.entrypoints.api.people import signed_in
from opsbook.entrypoints.web.answering import desk_of, may
from opsbook.ground.errors import Usage
from opsbook.usecases.incident_desk import IncidentDesk
from opsbook.usecases.proposals import Proposal
from opsbook.usecases.status_updates import DraftText


def held(request: Asks) -> IncidentDesk:
    """The verbs of incidents of this server."""
    return desk_of(request).incident_desk


def author(request: Asks) -> tuple[str, str]:
    """Who a commit is by."""
    actor = signed_in(request)
    return actor.name, actor.email


def proposed(request: Asks) -> Proposal:
    """The proposal that the address names; raises 404 where there is none."""
    try:
        return held(request).proposals.find(str(request.path_params["proposal"]))
    except Usage as wrong:
        raise NotFoundException(str(wrong)) from wrong


@operation("GET", ONE + "/updates/compose", DraftText, query=models.AudienceQuery, group="incidents")
def compose(request: Asks, query: models.AudienceQuery) -> Any:
    """What might be told an audience now, by the template of the page for it; or what puts an update right"""
    return held(request).updates.compose(named(request), query.audience, corrects=query.corrects)


@operation("POST", ONE + "/updates", IncidentModel, act="respond", body=models.UpdateBody, also=(403, 409),
           group="incidents")  # fmt: skip
def draft(request: Asks, body: models.UpdateBody) -> dict[str, Any]:
    """Keeps a draft of a status update"""
    return answer(request, held(request).updates.draft(
        named(request), by(request), audience=body.audience, body=body.body, channels=body.channels,
        components=body.components, next_due=body.next_due, update=body.update, corrects=body.corrects,
    ))  # fmt: skip


@operation("POST", ONE + "/updates/{update}/approve", IncidentModel, act="respond", also=(400, 403, 404, 409),
           group="incidents")  # fmt: skip
def approve(request: Asks) -> dict[str, Any]:
    """Says that an update may be sent"""
    return answer(request, held(request).updates.approve(
        named(request), by(request), number(request, "update"), is_admin=may(request, "administer")
    ))  # fmt: skip


@operation("POST", ONE + "/updates/{update}/publish", IncidentModel, act="respond", body=models.PublishBody,
           also=(403, 404, 409), group="incidents")  # fmt: skip
def publish(request: Asks, body: models.PublishBody) -> dict[str, Any]:
    """Tells an update: on the status page, to its channels, to who subscribed"""
    return answer(request, held(request).updates.publish(
        named(request), by(request), number(request, "update"), may_have_slots=body.may_have_slots
    ))  # fmt: skip


@operation("POST", ONE + "/updates/{update}/withdraw", IncidentModel, act="respond", body=models.WhyBody,
           also=(403, 404, 409), group="incidents")  # fmt: skip
def withdraw(request: Asks, body: models.WhyBody) -> dict[str, Any]:
    """A draft is thrown away, or what was told is shown no more"""
    found = named(request)
    return answer(request, held(request).updates.withdraw(
        found, by(request), number(request, "update"), body.why, is_admin=may(request, "administer")
    ))  # fmt: skip


@operation("POST", ONE + "/report", ProposalModel, act="edit-page", status=201, also=(404, 409, 502),
           group="incidents")  # fmt: skip
def report(request: Asks) -> dict[str, Any]:
    """Writes the report in the words of the book's template, on a branch"""
    return proposal_answer(request, held(request).reports.report(named(request), by(request), author(request)))


@operation("POST", ONE + "/post-mortem", ProposalModel, act="edit-page", status=201, also=(404, 409, 502),
           group="incidents")  # fmt: skip
def post_mortem(request: Asks) -> dict[str, Any]:
    """Writes the post-mortem from the book's template, on a branch"""
    return proposal_answer(request, held(request).reports.post_mortem(named(request), by(request), author(request)))


@operation("POST", ONE + "/post-mortem/state", IncidentModel, act="respond", body=models.ReviewBody, also=(409,),
           group="incidents")  # fmt: skip
def review(request: Asks, body: models.ReviewBody) -> dict[str, Any]:
    """Says how far the post-mortem is, or that none is written and why"""
    return answer(request, held(request).incidents.review(
        named(request).id, by(request), body.state, why=body.why, owner=body.owner,
        due=body.due.isoformat() if body.due else "",
    ))  # fmt: skip


@operation("GET", ONE + "/patches", PatchList, group="incidents")
def patches(request: Asks) -> dict[str, Any]:
    """What the runbooks might say better, out of the runs of an incident"""
    return {"patches": held(request).reports.patches(named(request))}


@operation("POST", ONE + "/patches", ProposalModel, act="edit-page", body=models.PatchBody, status=201,
           also=(404, 409, 502), group="incidents")  # fmt: skip
def propose_patch(request: Asks, body: models.PatchBody) -> dict[str, Any]:
    """Proposes the patch to a page"""
    found = named(request)
    return proposal_answer(request, held(request).reports.propose_patch(
        found, body.path, by(request), author(request)
    ))  # fmt: skip


@operation("GET", "/proposals", ProposalList, query=models.ProposalsQuery, group="proposals")
def proposals(request: Asks, query: models.ProposalsQuery) -> dict[str, Any]:
    """Pages that are proposed, the newest first"""
    return {"proposals": held(request).proposals.select(
        is_open=query.open, incident=query.incident, limit=query.limit
    )}  # fmt: skip


@operation("GET", "/proposals/{proposal}", ProposalModel, group="proposals")
def proposal(request: Asks) -> dict[str, Any]:
    """A page as it is proposed, and as it is"""
    return proposal_answer(request, proposed(request))


@operation("POST", "/proposals/{proposal}/accept", ProposalModel, act="edit-page", body=models.AcceptBody,
           also=(404, 409, 502), group="proposals")  # fmt: skip
def accept(request: Asks, body: models.AcceptBody) -> dict[str, Any]:
    """The page becomes a commit of the book"""
    found = proposed(request)
    return proposal_answer(request, held(request).proposals.accept(
        found.id, by(request), author(request), text=body.text
    ))  # fmt: skip


@operation("POST", "/proposals/{proposal}/decline", ProposalModel, act="edit-page", body=models.DeclineBody,
           also=(404, 409), group="proposals")  # fmt: skip
def decline(request: Asks, body: models.DeclineBody) -> dict[str, Any]:
    """It is not taken"""
    return proposal_answer(request, held(request).proposals.decline(proposed(request).id, by(request), body.why))


ROUTES = (
    compose, draft, approve, publish, withdraw, report, post_mortem, review, patches, propose_patch, proposals,
    proposal, accept, decline,
)  # fmt: skip
