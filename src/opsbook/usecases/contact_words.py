"""How contacts, rules and quiet hours are told and typed: plain values, words, and words read back. Keeps nothing."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from opsbook.book.roster.words import read_clock
from opsbook.ground.durations import read_duration
from opsbook.ground.errors import Usage
from opsbook.usecases.alerting_ports import Contact, ContactRule, Reachable
from opsbook.usecases.credentials import clean

_URGENCIES = ("high", "low", "all")


def person_model(person: Reachable) -> dict[str, Any]:
    """Somebody as plain values; addresses only as masks."""
    return {
        "name": person.name, "handle": person.handle or None,
        "contacts": [contact_model(contact) for contact in person.contacts],
        "rules": [{"contact": rule.contact, "after_s": rule.after_s, "urgency": rule.urgency} for rule in person.rules],
        "time_zone": person.time_zone, "quiet_hours": quiet_words(person.quiet) or None,
    }  # fmt: skip


def contact_model(contact: Contact) -> dict[str, Any]:
    """A contact as plain values."""
    return {
        "id": contact.id, "kind": contact.kind, "address": contact.masked, "origin": contact.origin,
        "verified_at": contact.verified_at.isoformat() if contact.verified_at else None,
        "is_failing": contact.is_failing, "is_enabled": contact.is_enabled,
    }  # fmt: skip


def standing(contact: Contact) -> str:
    """How a contact stands, in a word or two."""
    if not contact.is_enabled:
        return "switched off"
    if contact.is_failing:
        return "failing"
    return "verified" if contact.verified_at is not None else "not verified"


def quiet_words(quiet: tuple[int, int] | None) -> str:
    """Quiet hours as they are typed; empty for none."""
    return "-".join(f"{second // 3600:02d}:{second // 60 % 60:02d}" for second in quiet) if quiet else ""


def quiet_told(quiet: tuple[int, int]) -> str:
    """Quiet hours as they were understood: those that run over midnight with how long they are."""
    begin, end = quiet
    if begin < end:
        return quiet_words(quiet)
    minutes = (end - begin) % 86_400 // 60
    length = f"{minutes // 60} hours" + (f" {minutes % 60} minutes" if minutes % 60 else "")
    return f"{quiet_words(quiet)}, over midnight: {length}, until {quiet_words(quiet)[-5:]} of the next day"


def read_quiet(text: str) -> tuple[int, int] | None:
    """The seconds of the day of `22:00-07:00`, None for `off`; raises Usage for what is neither."""
    words = text.strip().lower()
    if words in ("", "off", "none", "never"):
        return None
    ends = [read_clock(part) for part in re.split(r"\s*(?:-|–|to|until)\s*", words)]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise Usage(f"'{clean(text, 40)}' is no span of hours. Write such as 22:00-07:00, or off.")
    return ends[0] % 86_400, ends[1] % 86_400


def rule_words(rule: ContactRule) -> str:
    """A rule as it is typed."""
    after = f" after {rule.after_s / 60:g}m" if rule.after_s else ""
    return f"{rule.contact}{after}" + (f" {rule.urgency}" if rule.urgency != "all" else "")


def read_rule(text: str) -> ContactRule:
    """A rule of `own-sms`, `own-sms after 5m`, `email after 10 minutes high`; raises Usage for what is none."""
    words = text.split()
    urgency = words.pop() if len(words) > 1 and words[-1].lower() in _URGENCIES else "all"
    contact, wait = (words[0] if words else ""), " ".join(words[1:])
    after = read_duration(wait.lower().removeprefix("after ").strip()) if wait else None
    if not contact or (wait and (after is None or not wait.lower().startswith("after "))):
        raise Usage(f"'{clean(text, 60)}' is no rule. Write such as 'own-sms', 'email after 5m' or 'own-sms high'.")
    kind = cast(Literal["high", "low", "all"], urgency.lower())
    return ContactRule(contact, after.total_seconds() if after else 0.0, kind)
