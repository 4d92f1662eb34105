"""The roles of a response by the words that people use for them: `Incident Commander` and `IC` are one. Gives none."""

from __future__ import annotations

from opsbook.ground.guesses import closest

# What a role is called in the ledger, by what pages and people call it.
_WORDS: dict[str, tuple[str, ...]] = {
    "commander": ("commander", "incident commander", "ic", "incident lead", "lead", "incident manager",
                  "major incident manager", "incident leader", "leader"),
    "deputy": ("deputy", "deputy commander", "deputy incident commander", "backup commander", "second"),
    "scribe": ("scribe", "recorder", "note taker", "notes", "timeline", "secretary"),
    "communications": ("communications", "communications lead", "communication lead", "comms", "comms lead",
                       "communication", "communications manager", "customer liaison", "liaison", "spokesperson",
                       "external communications", "public relations"),
    "internal liaison": ("internal liaison", "internal communications", "business liaison", "stakeholder liaison"),
    "expert": ("expert", "experts", "subject matter expert", "subject matter experts", "sme", "smes", "specialist",
               "technical lead", "tech lead"),
    "operator": ("operator", "operators", "operations", "operations lead", "ops lead", "ops", "responder", "responders",
                 "resolver", "engineer"),
    "observer": ("observer", "observers", "shadow"),
}  # fmt: skip
_KEYS = {word: key for key, words in _WORDS.items() for word in words}
COMMANDER = "commander"
# Roles that only one person has at a time: whoever gets one takes it over.
UNIQUE = frozenset({"commander", "deputy", "scribe", "communications", "internal liaison"})


def role_key(text: str) -> str:
    """The name of a role by which it is compared: that of the words that are known, else what is written, in lower
    case."""
    plain = " ".join(text.lower().replace("-", " ").replace("_", " ").strip(" *`.:").split())
    return _KEYS.get(plain, plain)


def is_known_role(key: str) -> bool:
    """Whether a key is one of the roles that are known without a page."""
    return key in _WORDS


def known_role(text: str, written: tuple[str, ...] = ()) -> tuple[str, str | None]:
    """The key of a role that is known here or `written` on a page, and None; else an empty one, with a guess."""
    key = role_key(text)
    keys = {**dict.fromkeys(_WORDS, ""), **dict.fromkeys(map(role_key, written), "")}
    if key in keys:
        return key, None
    near = closest(key, [*keys, *_KEYS])
    return "", near
