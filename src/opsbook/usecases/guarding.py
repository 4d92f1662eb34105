"""Does things each of which may fail by itself, so that one that is broken stops no other. Remembers what failed."""

from __future__ import annotations

from collections.abc import Callable

from opsbook.ground.errors import Failure, Fenced, Refusal

MOST = 50  # troubles that are remembered


class Guarded:
    """Called with a name and what to do. `report` hears of each trouble once, and once more when it is over."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._troubles: dict[str, str] = {}

    def __call__(self, name: str, do: Callable[[], object]) -> bool:
        """Whether it was done. Raises Fenced where somebody else took over, and what the ledger raises for now."""
        try:
            do()
        except Exception as wrong:
            if isinstance(wrong, Fenced) or (isinstance(wrong, Failure) and wrong.retryable):
                raise
            self._come(name, wrong)
            return False
        if self._troubles.pop(name, None) is not None:
            self._report(f"{name} goes on again.")
        return True

    def troubles(self) -> tuple[str, ...]:
        """What is broken now, each in a sentence."""
        return tuple(self._troubles.values())

    def _come(self, name: str, wrong: Exception) -> None:
        plain = isinstance(wrong, Failure | Refusal)
        words = f"{name}: {wrong}" if plain else f"{name}: {type(wrong).__name__}: {wrong}"
        if self._troubles.get(name) != words:
            self._report(words)
        if len(self._troubles) >= MOST:
            self._troubles.pop(next(iter(self._troubles)))
        self._troubles[name] = words
