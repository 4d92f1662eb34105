"""Which commands of a script need a person at a terminal, ask a question, or never end: a step hangs or fails on each.

Refuses to guess at unknown programs. A step's input is /dev/null and its pager is `cat`; its output is a pty, so
colours are fine, and only what reads the terminal is not.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, cast

from msgspec import Struct

from opsbook.book.shell.facts import Command, Script
from opsbook.book.shell.rows import Hint, hints, matching, may_match, names_of
from opsbook.book.shell.terminal_table import CLIENTS, LIMIT, PAGERS, SHELLS, TABLE, VALUED
from opsbook.book.shell.words import DOCKER_VALUED, KUBECTL_VALUED, SSH_VALUED, Words, program, split, unwrap
from opsbook.ground.pattern import Pattern

Kind = Literal["terminal", "asks", "never-ends"]


class Interactive(Struct, frozen=True, gc=False):
    """One such command: its words (shortened), of what kind it is, what to do instead as a sentence, its byte range."""

    what: str
    kind: Kind
    instead: str
    start: int
    end: int


@lru_cache(maxsize=2048)  # the same few lines stand on page after page
def needs_terminal(script: str) -> tuple[Interactive, ...]:
    """The commands that cannot run unattended, in reading order, of all three kinds."""
    if not _may_need(script):
        return ()
    return tuple(sorted(_found(script, 0), key=lambda item: (item.start, item.end)))


def never_ends(script: str) -> tuple[Interactive, ...]:
    """Only those that run until someone stops them: `tail -f`, `watch`, `kubectl logs -f` without a time limit."""
    return tuple(item for item in needs_terminal(script) if item.kind == "never-ends")


_WORD = Pattern(r"[A-Za-z][\w.-]*")
_REMARK = Pattern(r"^[ \t]*#.*$", re.M)


def _may_need(script: str) -> bool:
    """Whether a program of the tables is named with one of its verbs or options: true for all that is reported."""
    if "#" in script:
        script = _REMARK().sub("", script)
    for name in _PROGRAMS.intersection(_WORD().findall(script)):
        if may_match(_hints(name), script):
            return True
    return "while" in script and _FOREVER().search(script) is not None


_FOREVER = Pattern(r"while\s*(?:true|:|\(\( *1|\[ 1|\[\[? true)")


_COUNTERS = ("vmstat", "iostat", "mpstat", "pidstat", "sar", "dstat")
_ANY_WAY: tuple[Hint, ...] = (((), None),)
_WITH_TERMINAL: Hint = (("exec", "run"), Pattern("-[A-Za-z]*t|--tty"))
# What else a script holds that waits for a person by these programs, where the table does not tell, and besides what
# it tells.
_SIGNS: dict[str, tuple[Hint, ...]] = {
    **dict.fromkeys((*PAGERS, *CLIENTS, *_COUNTERS, "ssh", "su", "yes"), _ANY_WAY),
    "read": ((("-",), None),),
    "sudo": (((), Pattern(r"\bsudo\s[^\n|;&]*?(?<=\s)(?:-\w*[is]|--login|--shell)")),),
    "top": (((), Pattern(r"(?<!kubectl )(?<!oc )(?<!adm )(?<!docker )\btop\b")),),
}
_INTERPRETERS = ("python", "python3", "node", "irb")
_MORE_SIGNS: dict[str, tuple[Hint, ...]] = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose"), (_WITH_TERMINAL,)),
    **dict.fromkeys(("kubectl", "oc"), ((("rsh", "debug"), None),)),
}
_PROGRAMS = TABLE.keys() | _SIGNS.keys() | _MORE_SIGNS.keys() | frozenset(SHELLS)


@cache
def _hints(name: str) -> tuple[Hint, ...]:
    """What else a script that names the program must hold to be worth a parse."""
    if name in SHELLS:
        return (((), _alone(name, ("-o", "-O", "--rcfile", "--init-file"))),)
    if name in _INTERPRETERS:
        return (((), _alone(name, tuple(CLIENTS[name][0]))), (("http.server",), None))
    return _SIGNS[name] if name in _SIGNS else (*hints(TABLE.get(name, ())), *_MORE_SIGNS.get(name, ()))


def _alone(name: str, valued: tuple[str, ...]) -> Pattern[str]:
    """A shell or interpreter with nothing but options behind it: `node`, `bash -i`, not `kubectl get node x`."""
    option = rf"(?:[ \t]+(?:{'|'.join(map(re.escape, sorted(valued))) or '-'})[ \t]+\S+|[ \t]+-\S*)*"
    return Pattern(rf"\b{re.escape(name)}{option}(?:['\"`)}}]|[ \t]*(?:$|[|;&<>)#\\]|\d[<>]))", re.M)


def _found(script: str, depth: int) -> list[Interactive]:
    from opsbook.book.shell.walk import read  # inside: most scripts name no such program

    facts = read(script)
    found: list[Interactive] = []
    for index, command in enumerate(facts.commands):
        unwrapped = unwrap(command)
        limited = bool(unwrapped.wrappers & {"timeout", "gtimeout"}) or command.background or _cut_short(facts, index)
        for words in unwrapped.layers:
            verdict = _judge(words, command, last=words is unwrapped.layers[-1] and not unwrapped.scripts)
            if verdict is None or (limited and verdict[0] == "never-ends"):
                continue
            text = " ".join(" ".join(word.text for word in words).split())
            what = text if len(text) <= 80 else f"{text[:79]}…"
            found.append(
                Interactive(what, cast(Kind, verdict[0]), _sentence(verdict[1]), words[0].start, words[-1].end)
            )
            break
        for inner in unwrapped.scripts if depth < 3 else ():
            for item in _found(inner.text, depth + 1):
                # What is fed to the outer command, the inner one reads: `kubectl exec -i db -- sh -c 'mysql' < dump.sql`.
                is_fed = bool(command.stdin) and item.what.partition(" ")[0] in CLIENTS
                if not (limited and item.kind == "never-ends") and not is_fed:
                    start, end = inner.place(item.start, item.end)
                    found.append(Interactive(item.what, item.kind, item.instead, start, end))
    return found + [
        Interactive("while true", "never-ends", "Give the loop an end.", loop.start, loop.end)
        for loop in facts.loops
        if not loop.ends
    ]


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _cut_short(facts: Script, index: int) -> bool:
    """Whether a later command of the pipeline ends this one: `tail -f x | head -5`, `| grep -m1 ready`."""
    pipeline = facts.commands[index].pipeline
    if pipeline < 0:
        return False
    for command in facts.commands[index + 1 : index + 20]:
        if command.pipeline != pipeline or not command.words:
            continue
        options = " ".join(word.text for word in command.words[1:])
        if command.name == "head" or (command.name in ("grep", "rg") and re.search(r"-\w*[mq]|--quiet", options)):
            return True
        if command.name in ("sed", "awk") and re.search(r"q\b|exit", options):
            return True
    return False


def _judge(words: Words, command: Command, *, last: bool) -> tuple[str, str] | None:
    """The kind and what to write instead; `last` says that nothing stands behind this command."""
    name = program(words)
    if name in PAGERS:
        return None if command.captured else ("terminal", "write it with cat, or with --no-pager")
    if name in ("ssh", "sudo", "su") or name in SHELLS:
        return _shell(name, words, command, last=last)
    if name == "read":
        return _read(words, command)
    if name in ("kubectl", "oc", "docker", "podman", "nerdctl", "docker-compose"):
        verdict = _attached(name, words, command)
        if verdict is not None:
            return verdict
    if name in _COUNTERS:
        intervals = [word for word in split(words, VALUED.get(name, frozenset()))[1] if word.text.isdigit()]
        return ("never-ends", "give a count after the interval") if len(intervals) == 1 else None
    if name in ("python", "python3") and [word.text for word in words[1:3]] == ["-m", "http.server"]:
        return "never-ends", "put it in the background"
    if name == "yes" and not command.captured:
        return "never-ends", "pipe it into the command that asks"
    rows = TABLE.get(name)
    row = matching(rows, words, _valued(name)) if rows else None
    if row is not None and not (row.kind != "never-ends" and command.stdin):
        if name == "terraform" and len(split(words)[1]) > 1:  # terraform apply PLAN
            return None
        return row.kind, row.says
    return _client(name, words, command) if name in CLIENTS else None


def _valued(name: str) -> frozenset[str]:
    if name in ("kubectl", "oc"):
        # `-f` is a file of `apply` and the following of `logs`; as the latter it takes no value.
        return KUBECTL_VALUED - {"-f"}
    return (
        DOCKER_VALUED - {"-f"}
        if name in ("docker", "podman", "nerdctl", "docker-compose")
        else VALUED.get(name, frozenset())
    )


def _client(name: str, words: Words, command: Command) -> tuple[str, str] | None:
    """A client with nothing to do on its command line or its input opens its own prompt."""
    valued, does, skipped = CLIENTS[name]
    if name == "redis-cli" and {"--stat", "--latency", "--latency-history"} & {word.text for word in words}:
        return "never-ends", LIMIT
    if command.stdin:
        return None
    options, positionals = split(words, valued)
    # -c'select 1' and --command='select 1' hold their value in the word.
    if any(does.intersection((option.text.partition("=")[0], option.text[:2])) for option in options):
        return None
    if any(does.intersection(names_of(option.text, valued)) for option in options):
        return None
    if 0 <= skipped < len(positionals) or any(word.text.endswith(".js") for word in positionals):
        return None
    return "terminal", f"tell {name} what to do on its command line or its input"


def _shell(name: str, words: Words, command: Command, *, last: bool) -> tuple[str, str] | None:
    """A shell that is given nothing to run waits for someone to type; so do ssh, sudo -i and su."""
    texts = {word.text for word in words[1:]}
    if command.stdin or not last:
        return None
    if name == "ssh":
        options, positionals = split(words, SSH_VALUED)
        letters = {letter for option in options for letter in names_of(option.text, SSH_VALUED)}
        if letters & {"-N", "-f"}:
            return None if "-f" in letters else ("never-ends", "add -f, and stop it at the end of the step")
        if len(positionals) != 1 or letters & {"-V", "-G", "-Q", "-O", "-W"}:
            return None
        return "terminal", "put the command after the host"
    if name == "sudo":
        return ("terminal", "put the command after sudo") if texts & {"-i", "-s", "--login", "--shell"} else None
    if name == "su":
        return "terminal", "use `sudo -n -u USER command`"
    _, positionals = split(words, frozenset(("-o", "-O", "--rcfile", "--init-file")))
    if positionals or texts & {"--version", "--help"}:
        return None
    return "terminal", "give the shell a script, or -c and a command"


def _read(words: Words, command: Command) -> tuple[str, str] | None:
    """`read` from the terminal: a step's input is empty, so it fails at once. In a loop or a pipe it reads that."""
    if command.stdin or command.captured:
        return None
    prompted = any(name in ("-p", "-s") for word in words[1:] for name in names_of(word.text, frozenset()))
    return ("asks", "declare a parameter, or an **Ask:** field") if prompted else None


def _attached(name: str, words: Words, command: Command) -> tuple[str, str] | None:
    """`docker exec -it` fails where the input is no terminal; kubectl only warns, but opens a shell if told nothing."""
    kubernetes = name in ("kubectl", "oc")
    valued = KUBECTL_VALUED if kubernetes else DOCKER_VALUED
    _, positionals = split(words, valued)
    verbs = [word.text for word in positionals[:2]]
    before = words[: next((at for at, word in enumerate(words) if word.text == "--"), len(words))]
    texts = [word.text for word in before[1:]]
    letters = {letter for text in texts[:8] if text.startswith("-") for letter in names_of(text, valued)}
    terminal = bool(letters & {"-t", "--tty"})
    if kubernetes:
        if verbs[:1] == ["rsh"] and len(positionals) < 3 and not command.stdin:
            return "terminal", "put the command after the pod"
        if verbs[:1] == ["debug"] and (len(before) == len(words)) and (terminal or name == "oc"):
            return "terminal", "put `-- command` at the end"
        return None
    if verbs[:1] == ["compose"]:
        verbs = verbs[1:]
    if verbs[:1] in (["exec"], ["run"]) and terminal and not _is_off(texts):
        return "terminal", "leave out -t: a step's input is no terminal"
    return None


def _is_off(texts: list[str]) -> bool:
    return any(text in ("-T", "--tty=false", "-t=false", "--no-TTY") for text in texts)
