"""What a code block in a page is: a command, a terminal session, output, or documentation; and may it be run.

Refuses to run or to parse shell (see `shell`): it reads the language word, the prompts and the open slots.
Every offset is in bytes from the start of the block's text, as the Markdown reader hands it over.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsbook.book import placeholders, prompts
from opsbook.book.placeholders import Placeholder, width
from opsbook.ground.pattern import Pattern

Kind = Literal["command", "console", "output", "documentation"]


class CommandText(Struct, frozen=True, gc=False):
    """One command or script: its text without prompts, its byte range in the block, and who reads it.

    `pieces` are pairs (byte offset in text, byte offset in block), one for each line taken from the block;
    `prompt` is "" when there was none; `inner` is true when another program than the step's shell reads it.
    """

    text: str
    start: int
    end: int
    language: str
    prompt: str = ""
    inner: bool = False
    pieces: tuple[tuple[int, int], ...] = ((0, 0),)

    def place(self, offset: int) -> int:
        """The byte offset in the block of a byte offset in the text."""
        at = self.start
        for within, outside in self.pieces:
            if within > offset:
                break
            at = outside + offset - within
        return at


class OutputText(Struct, frozen=True, gc=False):
    """Lines that a command printed: their byte range, and the index of that command (-1: none in this block)."""

    text: str
    start: int
    end: int
    command: int = -1


class CodeBlock(Struct, frozen=True):
    """What a code block is. `runnable` is true when it holds commands and nothing in them is left open.

    `why_not` says in a sentence why a block with commands cannot be run; it is None where nothing is to be run.
    `declared` is false when the author named no language, and then it is never run, however like shell it looks.
    """

    kind: Kind
    language: str
    declared: bool
    commands: tuple[CommandText, ...] = ()
    output: tuple[OutputText, ...] = ()
    runnable: bool = False
    why_not: str | None = None
    placeholders: tuple[Placeholder, ...] = ()
    elisions: tuple[tuple[int, int], ...] = ()


_LANGUAGES = {
    **dict.fromkeys(("bash", "shell", "shellscript", "shell-script", "bash-script", "ash", "ksh"), "bash"),
    **dict.fromkeys(("sh", "posix", "dash"), "sh"),
    "zsh": "zsh",
    **dict.fromkeys(("python", "py", "python3", "py3"), "python"),
    **dict.fromkeys(
        ("console", "shell-session", "shellsession", "bash-session", "sh-session", "zsh-session"), "console"
    ),
    **dict.fromkeys(("terminal", "term", "cli", "commandline", "command-line", "session", "pycon"), "console"),
    **dict.fromkeys(("text", "txt", "output", "none", "plaintext", "plain", "log", "out"), "text"),
}
# MyST and Pandoc write the language after a directive or as a class.
_DIRECTIVES = frozenset(("{code-block}", "{code}", "{sourcecode}", "{code-cell}", "{highlight}", "{prompt}"))
_RUNS = frozenset(("bash", "sh", "zsh", "python"))


@lru_cache(maxsize=256)
def language_of(info: str) -> str:
    """The language an info string names, in one spelling: bash, sh, zsh, python, console, text; else in lower case."""
    words = info.split()
    if not words:
        return ""
    first = words[0]
    if first.lower() in _DIRECTIVES:
        first = words[1] if len(words) > 1 else ""
    elif first.startswith("{"):
        inner = re.match(r"\{\s*\.?([\w+-]+)", info)
        name = inner[1].lower() if inner else ""
        return _LANGUAGES.get(name, first if name not in _LANGUAGES else "")
    name = re.split(r"[,{:;(]", first, maxsplit=1)[0].lower().removeprefix("language-").removeprefix("lang-")
    return _LANGUAGES.get(name, name)


def read_block(info: str | None, text: str, *, after_expected: bool = False) -> CodeBlock:
    """What the block is; `info` is the fence's language word or whole info string, None for an indented block.

    `after_expected` says that the paragraph just before reads like "Expected output:".
    """
    language = language_of(info) if info else ""
    if language in _RUNS:
        if language != "python" and prompts.starts_as_session(text):
            return _session(text, language, declared=True)
        return _script(text, language)
    if language == "console":
        return _session(text, "bash", declared=True)
    if language in ("", "text"):
        if after_expected or (info is not None and info.strip().lower() in ("output", "out")):
            return CodeBlock("output", language, bool(info), output=(_whole_output(text),))
        return _unnamed(text) if not language else CodeBlock("documentation", language, True)
    return CodeBlock("documentation", language, True)


def _whole_output(text: str) -> OutputText:
    return OutputText(text, 0, width(text))


def _script(text: str, language: str) -> CodeBlock:
    body = text.rstrip()
    if not body:
        return CodeBlock("command", language, True, why_not="The command block is empty.")
    if body.lstrip()[0] == "#" and all(line.strip()[:1] in ("#", "") for line in body.split("\n")):
        why = "The command block holds only comments, so there is nothing to run."
        return CodeBlock("command", language, True, why_not=why)
    command = CommandText(body, 0, width(body), language)
    slots = placeholders.find(body, python=language == "python")
    gaps = _elisions(body, language) if "..." in body or "…" in body else ()
    why_not = _open_slot(slots, gaps, body)
    return CodeBlock(
        "command",
        language,
        True,
        (command,),
        runnable=why_not is None,
        why_not=why_not,
        placeholders=slots,
        elisions=gaps,
    )


def _open_slot(slots: tuple[Placeholder, ...], gaps: tuple[tuple[int, int], ...], text: str) -> str | None:
    if slots:
        return _why_slot(slots[0])
    if gaps:
        written = "..." if "..." in text else "…"
        return f"The command leaves something out ('{written}'), so it cannot run as written."
    return None


def _why_slot(slot: Placeholder) -> str:
    if slot.form in placeholders.SUBSTITUTIONS:
        meant = "and text substitution is never done"
    elif slot.form == "angle" and not slot.quoted:
        meant = "which the shell would read as a redirection"
    else:
        meant = "which nobody has filled in"
    return (
        f"The command holds the placeholder '{slot.text}', {meant}; declare a parameter and write \"${slot.variable}\"."
    )


# A whole word of the shell, quoted or not: `curl ... -d`, `--name "..."`, `$(...)`; not `./...`, not `wait...`.
_ELISION = Pattern(r"(?:(?<=[\s(`|;&])|^)([\"']?)(\.\.\.|…)\1(?=[\s)`|;&]|$)", re.M)


_SPEAKS = Pattern(r"\b(?:echo|printf|print|log|logger|info|say)\b")


def _elisions(text: str, language: str) -> tuple[tuple[int, int], ...]:
    gaps = []
    for match in islice(_ELISION().finditer(text), 100):
        start, end = match.span(2)
        line = text[max(0, text.rfind("\n", 0, start) + 1, start - 1000) : start]
        bare = line.strip()
        # In a remark it stands for commands only when it comes first: `# ... repeat`, not `# one, two, ...`.
        if bare.strip("#") and placeholders.in_comment(text, start):
            continue
        if _SPEAKS().search(line) or (language == "python" and (bare or text[end : end + 1] == ")")):
            continue
        gaps.append((start, end))
    if text.isascii():
        return tuple(gaps)
    return tuple((width(text[:start]), width(text[:end])) for start, end in gaps)


def _session(text: str, language: str, *, declared: bool) -> CodeBlock:
    session = prompts.read_session(text)
    if not session.typed:
        return _promptless(text, language, session)
    wide = not text.isascii()
    commands, slots, gaps = [], [], []
    for typed in session.typed:
        command = _command(typed, text, language, wide)
        commands.append(command)
        if typed.inner:
            continue
        slots += [_moved(slot, command) for slot in placeholders.find(typed.text)]
        if "..." in typed.text or "…" in typed.text:
            gaps += [(command.place(start), command.place(end)) for start, end in _elisions(typed.text, language)]
    output = tuple(_output(printed, text, wide) for printed in session.printed)
    why_not = _why_inner(commands) or _open_slot(tuple(slots), tuple(gaps), text)
    if not declared:
        why_not = _UNNAMED
    return CodeBlock(
        "console",
        language,
        declared,
        tuple(commands),
        output,
        why_not is None,
        why_not,
        tuple(slots),
        tuple(gaps),
    )


def _why_inner(commands: list[CommandText]) -> str | None:
    for command in commands:
        if command.inner:
            line = command.text.split("\n", 1)[0]
            return (
                f"'{line}' is typed at the prompt '{command.prompt}' inside another program, "
                "which only a person at a terminal can do; give it to that program as an argument or on its input."
            )
    return None


def _command(typed: prompts.Typed, text: str, language: str, wide: bool) -> CommandText:
    start = typed.pieces[0][1]
    if not wide:
        return CommandText(typed.text, start, typed.end, language, typed.prompt, typed.inner, typed.pieces)
    pieces = tuple((width(typed.text[:a]), width(text[:b])) for a, b in typed.pieces)
    end = width(text[: typed.end])
    return CommandText(typed.text, pieces[0][1], end, language, typed.prompt, typed.inner, pieces)


def _output(printed: prompts.Printed, text: str, wide: bool) -> OutputText:
    start, end = printed.start, printed.end
    if wide:
        start, end = width(text[:start]), width(text[:end])
    return OutputText(printed.text, start, end, printed.command)


def _moved(slot: Placeholder, command: CommandText) -> Placeholder:
    start = command.place(slot.start)
    return replace(slot, start=start, end=start + slot.end - slot.start)


def _promptless(text: str, language: str, session: prompts.Session) -> CodeBlock:
    """A console block without a prompt: a script when every line reads as a command, else not to be told apart."""
    if not text.strip():
        return CodeBlock("console", language, True, why_not="The command block is empty.")
    if _is_all_commands(text):
        script = _script(text, language)
        return script if script.commands else CodeBlock("console", language, True, why_not=script.why_not)
    why_not = "The console block has no '$ ' prompt, so what is typed and what is printed cannot be told apart."
    return CodeBlock("console", language, True, output=(_whole_output(text),), why_not=why_not)


def _is_all_commands(text: str) -> bool:
    pending = ""
    for line in text.split("\n"):
        bare = line.strip()
        if not pending and (not bare or bare[0] == "#"):
            continue
        if not pending and not prompts.reads_as_command(bare):
            return False
        pending = f"{pending}\n{line}" if pending else line
        if not prompts.is_incomplete(pending):
            pending = ""
    return True


_UNNAMED = "The code block names no language, so it is never run; write ```bash above it to have it run."


def _unnamed(text: str) -> CodeBlock:
    if prompts.starts_as_session(text):
        return _session(text, "", declared=False)
    for line in text.split("\n", 20)[:20]:
        bare = line.strip()
        if bare and bare[0] != "#":
            # `NAME=value` alone is likelier an environment file, and │ a drawing.
            if not prompts.reads_as_command(bare) or "=" in bare.split(" ")[0] or "─" in text:
                break
            body = text.rstrip()
            command = CommandText(body, 0, width(body), "")
            slots = placeholders.find(body)
            return CodeBlock("command", "", False, (command,), why_not=_UNNAMED, placeholders=slots)
    return CodeBlock("documentation", "", False)
