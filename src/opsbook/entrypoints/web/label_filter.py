"""What somebody typed to narrow a list, read as label matchers; a mistake is told with its place, never raised."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from opsbook.ledger.matchers import Matcher, Misread, matches, read_matchers

MOST_TYPED = 4_000  # characters


class Filter(Struct, frozen=True):
    """Matchers as they were typed; where they cannot be read `wrong` says why, and all is shown. `column` counts from
    1, and is 0 where no place is known."""

    text: str
    matchers: tuple[Matcher, ...] = ()
    wrong: str = ""
    column: int = 0

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether something with these labels is wanted."""
        return not self.matchers or matches(self.matchers, labels)


def filter_of(text: str) -> Filter:
    """The matchers of a text that somebody typed; empty for none."""
    text = text.strip()
    if not text:
        return Filter("")
    if len(text) > MOST_TYPED:
        return Filter(text[:MOST_TYPED], wrong="Nobody types so much.")
    read = read_matchers(text)
    return Filter(text, wrong=read.why, column=read.column) if isinstance(read, Misread) else Filter(text, read)
