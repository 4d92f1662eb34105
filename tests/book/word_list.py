"""A book's words as search asks for them, held in a dictionary; for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from opsbook.book.search import stem


class WordList:
    """The vocabulary of a book of so many sections, in which each word stands in so many."""

    def __init__(self, words: Mapping[str, int], sections: int = 1_000) -> None:
        self.words = dict(words)
        self.sections = sections

    def docs(self, words: Collection[str]) -> dict[str, int]:
        return {word: self.words[word] for word in words if word in self.words}

    def starting(self, prefix: str) -> int:
        return sum(docs for word, docs in self.words.items() if word.startswith(prefix))

    def completions(self, prefix: str, most: int) -> list[tuple[str, int]]:
        found = [(word, docs) for word, docs in self.words.items() if word.startswith(prefix)]
        return sorted(found, key=lambda item: (-item[1], item[0]))[:most]

    def sharing(self, stems: Collection[str]) -> list[tuple[str, str, int]]:
        found = [(stem(word), word, docs) for word, docs in self.words.items() if stem(word) in stems]
        return sorted(found, key=lambda item: (item[0], -item[2], item[1]))

    def resembling(self, beginning: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        return [
            (word, docs)
            for word, docs in self.words.items()
            if word.startswith(beginning) and shortest <= len(word) <= longest
        ]
