"""What an update may say besides its words: where it goes, of which components, until when. Records nothing.

Whoever may respond writes updates; where messages can go at all, the pages and the configuration say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from opsbook.book.roster.values import plain_name
from opsbook.book.status_components import component_key
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ledger.incident_times import EARLIEST
from opsbook.usecases.channel_names import bare_name, channels_in
from opsbook.usecases.library import Book
from opsbook.usecases.oncall import directory_of
from opsbook.usecases.public_status import GRAVITY, state_of_word

FURTHEST = timedelta(days=366)  # ahead that the next update can be promised
_CHANNEL = re.compile(r"#[^\s:/@]{1,100}")  # leads only where `notify.channels` says


def check_channels(book: Book, names: Sequence[str]) -> None:
    """Raises Usage, with a guess, for a channel that is no #name, nobody whom the book knows, and on no policy page."""
    directory = directory_of(book)
    told = {bare_name(each).casefold(): each for each in _of_pages(book)}
    for name in names:
        plain = bare_name(name)
        is_known = plain_name(plain) in directory.names or directory.known(plain) is not None
        if _CHANNEL.fullmatch(plain) or plain.casefold() in told or is_known:
            continue
        near = closest(plain.casefold(), {**told, **directory.names})
        guess = f" Did you mean '{told.get(near) or directory.names[near]}'?" if near else ""
        raise Usage(
            f"An update cannot go to '{name[:80]}': no policy page names it as a channel, and the book knows nobody of"
            f" that name.{guess} Name it under a template's heading (**Channels:**), or in 'notify.channels'."
        )


def checked_components(book: Book, said: Mapping[str, str]) -> dict[str, str]:
    """What is said of components, by their names as the status page writes them. Raises Usage, with a guess, for one
    that it does not have, and for a state that is none."""
    known = {each.key: each.name for facts in book.facts.values()
             if facts.policy is not None and facts.policy.status_page is not None
             for each in facts.policy.status_page.components}  # fmt: skip
    found: dict[str, str] = {}
    for name, state in said.items():
        key = component_key(name)
        if key not in known:
            near = closest(key, known)
            guess = f" Did you mean '{known[near]}'?" if near else f" It has: {', '.join(known.values()) or 'none'}."
            raise Usage(f"The status page has no component '{name[:80]}'.{guess}")
        if state_of_word(state) is None:
            raise Usage(f"'{state[:40]}' is no state of a component. There are {', '.join(GRAVITY)}.")
        found[known[key]] = state
    return found


def promised(at: datetime | None, now: datetime) -> datetime | None:
    """When the next update is promised; raises Usage for a time that nobody can mean."""
    if at is not None and at.tzinfo is not None and not EARLIEST < at <= now + FURTHEST:
        raise Usage(f"The next update cannot be due at {at.isoformat()}: say a time within a year.")
    return at


def _of_pages(book: Book) -> Iterator[str]:
    for facts in book.facts.values():
        for template in facts.policy.templates if facts.policy is not None else ():
            yield from channels_in(template.channels)
