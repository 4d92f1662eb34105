"""Which functions and aliases a shell script makes, which commands it calls, and where its sudo would ask.

Refuses to resolve a name: whether a call is to a function of an earlier step is for the caller to join.
"""

from __future__ import annotations

from opsbook.book.shell.facts import Named, Word
from opsbook.book.shell.walk import read
from opsbook.book.shell.words import program, split, unwrap, word_set


def defined_functions(script: str) -> tuple[Named, ...]:
    """The functions that the script defines; they do not carry to a later step."""
    if "()" not in script and "( )" not in script and "function" not in script:
        return ()
    return read(script).functions


def aliases(script: str) -> tuple[Named, ...]:
    """The aliases that the script makes; a shell that is not interactive does not even use them."""
    if "alias" not in script:
        return ()
    made = []
    for command in read(script).commands:
        if command.name == "alias":
            made += [
                Named(word.text.partition("=")[0], word.start, word.end)
                for word in command.words[1:]
                if "=" in word.text
            ]
    return tuple(made)


def calls(script: str, names: frozenset[str] | None = None) -> tuple[Named, ...]:
    """The commands that the script calls by a plain name, also within `$(…)`; with names, only those."""
    if names is not None and not any(name in script for name in names):
        return ()
    return tuple(
        Named(first.text, first.start, first.end)
        for first in (command.words[0] for command in read(script).commands if command.words)
        if (names is None or first.text in names) and not first.text.startswith("$")
    )


_SUDO_VALUED = word_set("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir")


def uses_sudo_without_n(script: str) -> tuple[Word, ...]:
    """Each `sudo` that may ask for a password: those without -n, whose step waits for an answer nobody gives."""
    if "sudo" not in script:
        return ()
    found = []
    for command in read(script).commands:
        for words in unwrap(command).layers:
            if program(words) != "sudo":
                continue
            before = words[1 : 1 + _own(words)]
            options, _ = split((words[0], *before), _SUDO_VALUED)
            if not any(_is_n(option.text) for option in options):
                found.append(words[0])
    return tuple(found)


def _own(words: tuple[Word, ...]) -> int:
    """How many words after `sudo` are its own options and their values."""
    index = 1
    while index < len(words) and words[index].text.startswith("-"):
        if words[index].text == "--":
            break
        index += 2 if words[index].text in _SUDO_VALUED else 1
    return index - 1


def _is_n(option: str) -> bool:
    if option.startswith("--"):
        return option in ("--non-interactive", "--validate", "--version", "--help", "--reset-timestamp")
    return any(letter in option for letter in "nkVK")
