"""What in a shell script destroys what cannot simply be had back: found by the table, and by a few rules of its own.

Refuses to weigh whether it is meant; a finding says what is done and why that matters. Looks through sudo,
xargs, ssh, `kubectl exec`, `bash -c` and here-documents.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise

from msgspec import Struct

from opsbook.book.shell.destruction_table import TABLE, VALUED
from opsbook.book.shell.facts import Command, Script
from opsbook.book.shell.rows import Hint, Row, hints, matching, may_match, names_of
from opsbook.book.shell.words import DOCKER_VALUED, KUBECTL_VALUED, Words, program, split, unwrap, word_set
from opsbook.ground.pattern import Pattern


class Destruction(Struct, frozen=True, gc=False):
    """One destructive command: its words as written (shortened), what it does, and its byte range.

    `comes_back` is true where a controller makes anew what was deleted, as with pods: a restart by other means.
    """

    what: str
    why: str
    start: int
    end: int
    comes_back: bool = False


@lru_cache(maxsize=2048)  # the same few lines stand on page after page
def destructive(script: str) -> tuple[Destruction, ...]:
    """What the script destroys, in reading order; empty for most scripts, which are then not even parsed."""
    if not _may_destroy(script):
        return ()
    found = _found(script, 0)
    return tuple(sorted(found, key=lambda item: (item.start, item.end)))


def _may_destroy(script: str) -> bool:
    """Whether a program of the table is named, with one of its verbs: cheap, and true for all that is reported."""
    for name in _PROGRAMS.intersection(_WORD().findall(script)):
        if may_match(_hints(name), script):
            return True
    return "mkfs" in script or ("/dev/" in script and ">" in script and _DEVICE().search(script) is not None)


_WORD = Pattern(r"[A-Za-z][\w.-]*")


_SQL_CLIENTS = word_set(
    "psql mysql mariadb sqlite3 cqlsh clickhouse-client clickhouse cockroach snowsql sqlcmd duckdb hive beeline presto"
    " trino impala-shell spark-sql sqlplus pgcli mycli influx"
)
_MONGO = frozenset(("mongo", "mongosh"))
_ANY_WAY: tuple[Hint, ...] = (((), None),)
# What else a script holds that destroys by these programs, where the table does not tell, and besides what it tells.
_SIGNS: dict[str, tuple[Hint, ...]] = {
    **dict.fromkeys(_SQL_CLIENTS | {"redis-cli"}, _ANY_WAY),  # SQL is written in any case
    **dict.fromkeys(_MONGO, ((("drop", "deleteMany", "remove"), None),)),
    **dict.fromkeys(("curl", "wget", "http", "https", "xh"), ((("DELETE",), None),)),
    "rm": ((("-",), None),),
    "dd": ((("of=",), None),),
    "find": ((("-delete",), None),),
}
_MORE_SIGNS: dict[str, tuple[Hint, ...]] = {
    "aws": ((("delet", "terminate-", "deregister-", "purge-", "remove-", "revoke-"), None),),
}
_PROGRAMS = TABLE.keys() | _SIGNS.keys()


@cache
def _hints(name: str) -> tuple[Hint, ...]:
    """What else a script that names the program must hold to be worth a parse."""
    return _SIGNS[name] if name in _SIGNS else (*hints(TABLE.get(name, ())), *_MORE_SIGNS.get(name, ()))


def _found(script: str, depth: int) -> list[Destruction]:
    from opsbook.book.shell.walk import read  # inside: most scripts name no such program

    facts = read(script)
    found: list[Destruction] = []
    for index, command in enumerate(facts.commands):
        before = len(found)
        unwrapped = unwrap(command)
        for words in unwrapped.layers:
            why = _why(words, command, facts, index)
            if why:
                found.append(Destruction(_shortened(words), why, words[0].start, words[-1].end, why == _PODS))
                break
        for inner in unwrapped.scripts if depth < 3 and len(found) == before else ():
            for item in _found(inner.text, depth + 1):
                start, end = inner.place(item.start, item.end)
                found.append(Destruction(item.what, item.why, start, end, item.comes_back))
        found += [
            Destruction(f"> {target.text}", "overwrites a device", target.start, target.end)
            for target in command.targets
            if _DEVICE().match(target.text)
        ]
    return found


def _shortened(words: Words) -> str:
    text = " ".join(word.text for word in words)
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


_DEVICE = Pattern(r"/dev/(?:sd|hd|vd|xvd|nvme|mapper/|dm-|disk|mmcblk|md\d)")


def _why(words: Words, command: Command, facts: Script, index: int) -> str | None:
    name = program(words)
    if not name:
        return None
    rule = _RULES.get(name)
    if rule is not None:
        return rule(words, facts)
    if name.startswith("mkfs"):
        return "makes a new file system over what is there"
    if name in _SQL_CLIENTS:
        return _sql(_texts(words, command, facts, index))
    if name in _MONGO:
        return _mongo(_texts(words, command, facts, index))
    if name == "redis-cli":
        return _redis(_texts(words, command, facts, index))
    rows = TABLE.get(name)
    return _by_table(name, words, rows) if rows else None


def _by_table(name: str, words: Words, rows: tuple[Row, ...]) -> str | None:
    kubernetes = name in ("kubectl", "oc")
    valued = KUBECTL_VALUED if kubernetes else DOCKER_VALUED if name in _CONTAINERS else VALUED.get(name, frozenset())
    row = matching(rows, words, valued)
    if row is not None:
        if not kubernetes:
            return row.says
        positionals = split(words, valued)[1]
        kind = positionals[1].text.partition("/")[0] if len(positionals) > 1 else ""
        return _PODS if kind in ("pod", "pods", "po", "lease") else row.says
    if name == "aws" and not any(word.text == "--dry-run" for word in words):
        verbs = split(words, valued)[1][1:2]
        return "deletes or ends cloud resources" if verbs and _AWS_VERB().match(verbs[0].text) else None
    return None


_PODS = "deletes pods, of which only those with an owner come back"
_CONTAINERS = word_set("docker podman nerdctl crictl docker-compose")
_AWS_VERB = Pattern(r"(?:delete|terminate|deregister|purge|remove|revoke|batch-delete|schedule-key-deletion)\b")


_TEMPORARY = Pattern(r"(?:/tmp|/var/tmp|/dev/shm|\$\{?TMPDIR\}?|\$\(mktemp[^)]*\))(?:/|$)")
_VARIABLE = Pattern(r"\$\{?([A-Za-z_]\w*)")


def _is_temporary(target: str, facts: Script) -> bool:
    if ".." in target:
        return False
    if _TEMPORARY().match(target) or target.startswith("/tmp/"):
        return True
    variable = _VARIABLE().match(target)
    if variable is None:
        return False
    name = variable[1]
    if re.match(r"te?mp(?:_?dir|_?file|_.*|\d*)?$", name, re.I):
        return True
    values = [unquoted.value.strip("\"'") for unquoted in facts.assigned if unquoted.name == name]
    return bool(values) and all("mktemp" in value or _TEMPORARY().match(value) for value in values)


def _rm(words: Words, facts: Script) -> str | None:
    options, targets = split(words)
    letters = {name for option in options for name in names_of(option.text, frozenset())}
    recursive = letters & {"-r", "-R", "--recursive"}
    if not recursive and not letters & {"-f", "--force"}:
        return None
    if targets and all(_is_temporary(target.text, facts) for target in targets):
        return None
    return "deletes folders with all they hold" if recursive else "deletes files without asking"


def _dd(words: Words, facts: Script) -> str | None:
    for word in words[1:]:
        name, _, target = word.text.partition("=")
        if name == "of" and target != "/dev/null" and not _is_temporary(target, facts):
            return "overwrites a device" if target.startswith("/dev/") else "overwrites a file"
    return None


def _find(words: Words, facts: Script) -> str | None:
    texts = [word.text for word in words[1:]]
    roots = texts[: next((at for at, text in enumerate(texts) if text.startswith(("-", "(", "!"))), len(texts))]
    if "-delete" in texts and not (roots and all(_is_temporary(root, facts) for root in roots)):
        return "deletes every file that it finds"
    return None


def _curl(words: Words, facts: Script) -> str | None:
    texts = [word.text for word in words]
    for before, word in pairwise(texts):
        if word == "DELETE" and (before in ("--request", "--method", "http", "https", "xh") or before.endswith("X")):
            return "asks a server to delete something"
    if any(text in ("-XDELETE", "--request=DELETE", "--method=DELETE") for text in texts):
        return "asks a server to delete something"
    return None


_RULES = {
    "rm": _rm,
    "dd": _dd,
    "find": _find,
    **dict.fromkeys(("curl", "wget", "http", "https", "xh"), _curl),
}


def _texts(words: Words, command: Command, facts: Script, index: int) -> str:
    """All that a client may be told to do: its arguments, its here-document, and what is piped into it."""
    texts = [word.text for word in words[1:]]
    texts.append(command.fed)
    if command.stdin == "pipe" and index and facts.commands[index - 1].pipeline == command.pipeline:
        piping = facts.commands[index - 1]
        if piping.name in ("echo", "printf", "cat"):
            texts += [word.text for word in piping.words[1:]]
            texts.append(piping.fed)
    return "\n".join(texts)


@cache
def _statements() -> tuple[tuple[re.Pattern[str], str], ...]:
    kinds = (
        "DATABASE|SCHEMA|TABLE|USER|ROLE|OWNED|INDEX|VIEW|MATERIALIZED|EXTENSION|KEYSPACE|COLUMN|PARTITION|FUNCTION"
        "|TRIGGER|TABLESPACE|PUBLICATION|SUBSCRIPTION|SEQUENCE|TYPE|CONSTRAINT"
    )
    return (
        (re.compile(rf"\bDROP\s+({kinds})\b", re.I), "drops a part of the database"),
        (re.compile(r"\bTRUNCATE\s+(?:TABLE\s+)?[\w\"`.$]", re.I), "empties a table"),
        (re.compile(r"\bDELETE\s+FROM\b(?![^;]{0,2000}\bWHERE\b)", re.I), "deletes every row of a table"),
        (re.compile(r"\bUPDATE\s+[\w\"`.]+\s+SET\b(?![^;]{0,2000}\bWHERE\b)", re.I), "changes every row of a table"),
    )


def _sql(text: str) -> str | None:
    plain = re.sub(r"--[^\n]*|/\*.{0,2000}?\*/", " ", text, flags=re.S)
    return next((why for pattern, why in _statements() if pattern.search(plain)), None)


_MONGO_DROPS = Pattern(
    r"\.dropDatabase\(|\.drop\(\)|\.(?:deleteMany|remove)\(\s*(?:\{\s*\})?\s*\)|\.dropUser\(|\.dropIndex(?:es)?\("
)
_REDIS_DROPS = Pattern(r"\b(?:FLUSHALL|FLUSHDB|SHUTDOWN|CLUSTER\s+(?:RESET|FORGET)|SCRIPT\s+FLUSH)\b", re.I)


def _mongo(text: str) -> str | None:
    return "drops a part of the database" if _MONGO_DROPS().search(text) else None


def _redis(text: str) -> str | None:
    return "deletes every key, or stops the server" if _REDIS_DROPS().search(text) else None
