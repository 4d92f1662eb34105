"""Who may do what: the one place that decides it. Knows no request, no cookie and no route."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest

Role = Literal["viewer", "responder", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "responder", "operator", "admin")  # each may do what those before it may
# The least role for each act. Every route names its act; one that names none is refused to everybody.
ACTS: dict[str, Role] = {
    "read": "viewer",
    "own-account": "viewer",  # one's own password, sessions, tokens and contacts
    "probe": "responder",
    "edit-page": "responder",
    "respond": "responder",  # acknowledge, resolve, note, silence, page somebody
    "run": "operator",  # start, confirm, skip, decide, cancel
    "approve": "operator",  # where the procedure names them; who started a run never counts
    "administer": "admin",  # people, roles, everybody's sessions and tokens
}
PUBLIC = "public"  # no authority asked: health for machines, assets, signing in


class Actor(Struct, frozen=True):
    """Who asks: the name that events carry, the role, how they proved it, and what a token limits them to."""

    name: str
    role: Role
    via: Literal["session", "token"]
    acts: frozenset[str] | None = None  # None: all that the role may
    credential: str = ""  # the public id of the session or token
    email: str = ""


class Decision(Struct, frozen=True):
    """Whether it is allowed, and why; `needs_sign_in` where nobody in particular asked."""

    is_allowed: bool
    why: str
    needs_sign_in: bool = False


def decide(actor: Actor | None, act: str, *, reads_are_open: bool) -> Decision:
    """Whether `actor` may do `act`; nobody in particular may read where reads are open, and nothing else."""
    if act == PUBLIC:
        return Decision(True, "This is open to everybody.")
    least = ACTS.get(act)
    if least is None:
        return Decision(False, f"Nobody may do '{act}': it is no act that Opsbook knows.")
    if actor is None:
        if act == "read" and reads_are_open:
            return Decision(True, "Reading is open on this machine.")
        return Decision(False, "Sign in first.", needs_sign_in=True)
    if ROLES.index(actor.role) < ROLES.index(least):
        return Decision(False, f"{actor.name} is {actor.role}; this needs {least}.")
    if actor.acts is not None and act not in actor.acts:
        return Decision(False, f"This token is not for '{act}'.")
    return Decision(True, f"{actor.name} is {actor.role}.")


def known_role(word: str) -> Role:
    """The role of that name; raises Usage, with a guess, when there is none."""
    for role in ROLES:
        if role == word:
            return role
    raise Usage(f"There is no role '{word}'.{_guess(word, ROLES)}")


def known_acts(words: Collection[str]) -> frozenset[str]:
    """These acts, for a token; raises Usage, with a guess, for one that is not known, and where there is none."""
    if not words:
        raise Usage(f"A token is for something: name one or more of {', '.join(ACTS)}.")
    for word in words:
        if word not in ACTS:
            raise Usage(f"There is no act '{word}'.{_guess(word, ACTS)}")
    return frozenset(words)


def _guess(word: str, known: Collection[str]) -> str:
    near = closest(word, known)
    return f" Did you mean '{near}'?" if near else f" It is one of {', '.join(known)}."
