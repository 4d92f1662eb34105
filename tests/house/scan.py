"""What the house tests look for, as functions from a module's text to the places that break a rule. Reads no file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

PURE_FLOORS = ("ground", "book", "ledger")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_POSITIONAL = 4

# Whatever reads or changes the world, its clock, its chance or its environment.
IMPURE_MODULES = frozenset({
    "os", "sys", "time", "sqlite3", "apsw", "psycopg", "socket", "ssl", "select", "selectors", "logging", "pathlib",
    "subprocess", "multiprocessing", "threading", "concurrent", "queue", "asyncio", "signal", "random", "secrets",
    "uuid", "http", "urllib.request", "urllib.error", "httpx", "requests", "pycurl", "asyncssh", "shutil", "tempfile",
    "glob", "fcntl", "getpass", "platform", "pwd", "grp", "resource", "ctypes", "webbrowser", "smtplib", "ftplib",
    "click", "litestar", "uvicorn", "jinja2", "watchfiles", "apprise", "inspect", "gc", "atexit", "sched", "mmap",
})  # fmt: skip
IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "__import__"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})

BANNED_WORDS = frozenset({
    "util", "helper", "common", "misc", "base", "core", "manager", "service", "handler", "data", "info", "process",
})  # fmt: skip
# Words of the trade that contain a banned one: the whole phrase is the noun.
PHRASES = {
    ("url", "base"): "--url-base of the command line",
    ("info", "string"): "the words after a fence, as CommonMark calls them",
    ("common", "operation"): "a section of the user's template",
    ("deployment", "process"): "a label of the user's template",
    ("rollback", "process"): "a label of the user's template",
    ("data", "received"): "what asyncio calls a protocol with the bytes that came",
}


class Broken(NamedTuple):
    """A place that breaks a rule of the house."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


def told(broken: list[Broken]) -> str:
    """The places one a line, as the message of a failing test."""
    return "\n" + "\n".join(map(str, broken))


def floor_of(path: str) -> str:
    """The floor of a file under src/opsbook: its first folder, else the file's own stem."""
    first = PurePosixPath(path).relative_to("src/opsbook").parts[0]
    return first.removesuffix(".py")


def impurities(path: str, text: str) -> Iterator[Broken]:
    """Imports and calls that reach the world; only for files of the pure floors."""
    for node in ast.walk(ast.parse(text)):
        for name in _imported(node):
            parts = name.split(".")
            if any(".".join(parts[:size]) in IMPURE_MODULES for size in range(1, len(parts) + 1)):
                yield Broken(path, node.lineno, f"imports {name}, and this floor is pure")
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                yield Broken(path, node.lineno, f"calls {called.id}(), and this floor is pure")
            if isinstance(called, ast.Attribute) and called.attr in CLOCK_CALLS:
                yield Broken(path, node.lineno, f"calls .{called.attr}(); time is an argument")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def oversizes(path: str, text: str) -> Iterator[Broken]:
    """Files, functions and parameter lists past the limits of the house."""
    length = text.count("\n")
    if length > LONGEST_FILE:
        yield Broken(path, 1, f"has {length} lines; a noun may have split in two at {LONGEST_FILE}")
    for function in _functions(text):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        called, line = f"{function.name}()", function.lineno
        if lines > LONGEST_FUNCTION:
            yield Broken(path, line, f"{called} has {lines} lines, and {LONGEST_FUNCTION} is the most")
        positional = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        count = len(positional) - (positional[:1] in (["self"], ["cls"]))
        if count > MOST_POSITIONAL:
            yield Broken(path, line, f"{called} has {count} positional parameters; after four, `*`")


def _functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def banned_names(path: str, text: str) -> Iterator[Broken]:
    """Modules, functions and classes with a banned word in their name."""
    pure = PurePosixPath(path)
    for part in pure.relative_to("src/opsbook").with_suffix("").parts:
        for word in banned_words(part, is_noun=True):
            yield Broken(path, 1, f"the module's name {part} has the banned word '{word}'")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for word in banned_words(node.name, is_noun=isinstance(node, ast.ClassDef)):
                yield Broken(path, node.lineno, f"the name {node.name} has the banned word '{word}'")


def banned_words(name: str, *, is_noun: bool) -> list[str]:
    """The banned words in a name, singular.

    "Service" is a thing we operate: it may stand anywhere but at the end of a longer name of a class or module.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+", " ", name)
    words = [_singular(word) for word in spaced.lower().split()]
    phrases = [index for index in range(len(words)) if tuple(words[index : index + 2]) in PHRASES]
    excused = {index + step for index in phrases for step in (0, 1)}
    banned = [word for index, word in enumerate(words) if word in BANNED_WORDS - {"service"} and index not in excused]
    if is_noun and len(words) > 1 and words[-1] == "service":
        banned.append("service")
    return banned


def _singular(word: str) -> str:
    if word.endswith("esses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


TICK_LOOPS = ("src/opsbook/usecases/watch.py", "src/opsbook/usecases/runner.py")


def catch_alls(path: str, text: str) -> Iterator[Broken]:
    """Handlers that swallow any exception: once a file at the top of each door and of a tick loop, nowhere else.

    One that raises again what it does not know is no catch-all.
    """
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler) and _takes_all(node)]
    is_door = floor_of(path) == "entrypoints" or path in TICK_LOOPS
    for node in found[1:] if is_door else found:
        yield Broken(path, node.lineno, "catches every exception; only the top of a door and a tick loop may, once")


def _takes_all(node: ast.ExceptHandler) -> bool:
    if any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)):
        return False
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(each is None or getattr(each, "id", None) in ("Exception", "BaseException") for each in types)


def asynchronies(path: str, text: str) -> Iterator[Broken]:
    """Coroutines below the doors; ssh_runner alone may hold some, on a thread of its own."""
    if floor_of(path) == "entrypoints" or path == "src/opsbook/adapters/step_hosts/ssh_runner.py":
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield Broken(path, node.lineno, "is async below the doors")


def environment_reads(path: str, text: str) -> Iterator[Broken]:
    """Reads of the environment anywhere but in config.py, and in what is sent to other machines, which have their own."""
    if path == "src/opsbook/config.py" or "/shim_program/" in path:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "getenvb"):
            yield Broken(path, node.lineno, "reads the environment, which only config.py does")
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            for alias in node.names:
                if alias.name in ("environ", "environb", "getenv", "getenvb"):
                    yield Broken(path, node.lineno, "reads the environment, which only config.py does")
        if isinstance(node, ast.keyword) and node.arg in ("envvar", "auto_envvar_prefix"):
            yield Broken(path, node.lineno, "lets click read the environment, which only config.py does")


def bonds_of_rules(path: str, text: str) -> Iterator[Broken]:
    """Rules that import a rule, which import-linter cannot forbid at every depth; a relative import hides one."""
    if not path.startswith("src/opsbook/book/rules/"):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield Broken(path, node.lineno, "imports relatively")
        for name in _imported(node):
            if name.startswith("opsbook.book.rules"):
                yield Broken(path, node.lineno, f"imports {name}; rules do not know one another")


def missing_docstrings(path: str, text: str) -> Iterator[Broken]:
    """Modules that do not say in their first line what they are."""
    if text.strip() and ast.get_docstring(ast.parse(text)) is None:
        yield Broken(path, 1, "has no docstring that says what it is and what it refuses to do")
