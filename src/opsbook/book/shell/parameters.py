"""Which variables a shell script takes from outside, sets itself, and leaves open to splitting or to `ps`.

Refuses to guess values. Lower-case names are the author's own; only upper-case ones can be parameters.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from opsbook.book.shell.facts import Assigned, Place, Script, Use
from opsbook.book.shell.words import program, word_set
from opsbook.ground.pattern import Pattern

_STANDARD = word_set("""
    HOME PATH USER LOGNAME PWD OLDPWD SHELL HOSTNAME HOSTTYPE MACHTYPE OSTYPE LANG LANGUAGE TERM TMPDIR RANDOM
    SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME UID EUID GROUPS PPID LINENO IFS PS0 PS1 PS2 PS3 PS4 EDITOR VISUAL
    PAGER MAIL FUNCNAME PIPESTATUS OPTARG OPTIND OPTERR REPLY SHLVL SHELLOPTS DIRSTACK COLUMNS LINES HISTFILE
    HISTSIZE TZ DISPLAY MAPFILE COPROC COMP_WORDS COMP_CWORD COMPREPLY PROMPT_COMMAND CDPATH HISTCONTROL
    OPSBOOK_STEP OPSBOOK_TARGET XDG_RUNTIME_DIR SUDO_USER SUDO_UID SSH_AUTH_SOCK SSH_CONNECTION SSH_CLIENT SSH_TTY
""")
_UPPER = Pattern(r"[A-Z][A-Z0-9_]*\Z")
_MAY_USE = Pattern(
    r"\$\{?[#!]?[A-Z]|[A-Z0-9_](?:\[[^\]\n]{0,80}\])?\+?=|\(\([^()\n]{0,200}[A-Z]|\bfor [A-Z]"
    r"|\b(?:read|mapfile|readarray|getopts|printf -v|export|declare|select)\b[^\n]{0,200}[ \t][A-Z]"
    r"|\b(?:eval|source|set -a)\b|(?:^|[;&|\n])[ \t]*\.[ \t]"
)


def is_standard(name: str) -> bool:
    """Whether the shell, the login or Opsbook sets the name, so that it is never a parameter."""
    return name in _STANDARD or name.startswith(("BASH", "LC_", "XDG_"))


class Variables(Struct, frozen=True):
    """What a script uses before it sets it, in reading order, and the names that it sets, upper-case ones only.

    `exported` are those of them that a later step sees; `assignments` where each is set; `sources` is true when the
    script reads in another (`source`, `.`, `eval`), which may set anything.
    """

    used: tuple[Use, ...] = ()
    assigned: tuple[str, ...] = ()
    exported: tuple[str, ...] = ()
    assignments: tuple[Assigned, ...] = ()
    sources: bool = False

    def names(self) -> tuple[str, ...]:
        """The names used, each once, in the order of their first use."""
        return tuple(dict.fromkeys(use.name for use in self.used))


_NOTHING = Variables()


def _read(script: str) -> Script:
    from opsbook.book.shell.walk import read  # inside: most scripts are answered without it

    return read(script)


@lru_cache(maxsize=2048)
def variables(script: str) -> Variables:
    """What the script needs from outside: upper-case names it uses and has not set before, standard ones left out."""
    if _MAY_USE().search(script) is None:
        return _NOTHING
    facts = _read(script)
    set_at: dict[str, int] = {}
    for item in facts.assigned:
        set_at[item.name] = min(item.end, set_at.get(item.name, item.end))
    used = []
    for use in facts.uses:
        if not _UPPER().match(use.name) or is_standard(use.name):
            continue
        # What a function uses is set by the time it is called.
        at = set_at.get(use.name)
        if at is None or (use.start < at and not use.in_function):
            used.append(use)
    made = tuple(item for item in facts.assigned if _UPPER().match(item.name))
    names = dict.fromkeys(item.name for item in made)
    exported = dict.fromkeys(item.name for item in made if item.exported)
    return Variables(tuple(used), tuple(names), tuple(exported), made, _sources(facts))


def _sources(facts: Script) -> bool:
    return any(
        command.name in ("source", ".", "eval") or (command.name == "set" and "-a" in command.words[1].text)
        for command in facts.commands
        if len(command.words) > 1
    )


_SPLIT: frozenset[Place] = frozenset(("argument", "list", "redirect"))
# Named for holding several words, which an author means to be split.
_MEANT = Pattern(r"(?:^|_)(?:ARGS?|OPTS?|OPTIONS|FLAGS?|PARAMS|EXTRA)$")
_MAY_SPLIT = Pattern(r"\$\{?[A-Z]")


def unquoted_parameters(script: str, names: frozenset[str] | None = None) -> tuple[Use, ...]:
    """Where a parameter stands unquoted and the shell splits it and expands `*` in it; all upper-case names if None.

    Not in assignments, `[[ ]]`, arithmetic, `case`, or here-documents, where nothing is split. `$OPTS` and its like
    are left alone unless named.
    """
    if _MAY_SPLIT().search(script) is None:
        return ()
    found = []
    for use in _read(script).uses:
        if use.quoted or use.place not in _SPLIT or _is_length(script, use):
            continue
        if names is not None:
            if use.name in names:
                found.append(use)
        elif _UPPER().match(use.name) and not is_standard(use.name) and not _MEANT().search(use.name):
            found.append(use)
    return tuple(found)


def _is_length(script: str, use: Use) -> bool:
    """Whether the use is `${#NAME}`: a number, which cannot be split."""
    if "${#" not in script:
        return False
    return script.encode("utf-8", "surrogatepass")[use.start : use.start + 3] == b"${#"


class Exposed(Struct, frozen=True, gc=False):
    """A secret among a command's arguments, where every user of the machine can read it while it runs.

    `named` is true when the name was given as a secret's, false when it only looks like one.
    """

    name: str
    program: str
    start: int
    end: int
    named: bool


_SECRET = Pattern(
    r"(?:^|_)(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PASSWORDS|TOKEN|SECRET|APIKEY|API_KEY|ACCESS_KEY|SECRET_KEY"
    r"|PRIVATE_KEY|ENCRYPTION_KEY|MASTER_KEY|AUTH|CREDENTIALS?|PWD|PSK)(?:_?\d+)?$"
)
_MAY_SHOW = Pattern(r"\$\{?[A-Z0-9_]*(?:PASS|TOKEN|SECRET|KEY|CREDENTIAL|AUTH|PWD|PSK)")
# They run within the shell, so no process bears their arguments.
_BUILTINS = word_set("echo printf read test [ : true false cd pwd unset shift return exit set umask export hash")


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is secret: DB_PASSWORD, but not TOKEN_FILE or SECRET_NAME."""
    return _SECRET().search(name) is not None and name not in ("PWD", "OLDPWD")


def secret_on_command_line(script: str, secret_names: frozenset[str] | None = None) -> tuple[Exposed, ...]:
    """Where a secret becomes an argument of a program: `mysql -p$DB_PASS`, `curl -u "user:$PASS"`.

    Not `PGPASSWORD="$DB_PASS" psql`, not here-documents, and not what builtins such as echo print into a pipe.
    With names None, every name that looks secret counts, marked as not named.
    """
    if secret_names is None:
        if _MAY_SHOW().search(script) is None:
            return ()
    elif not any(name in script for name in secret_names):
        return ()
    facts = _read(script)
    own = {function.name for function in facts.functions}
    found = []
    for use in facts.uses:
        if use.command < 0 or use.place != "argument" or _is_length(script, use):
            continue
        if not (looks_secret(use.name) if secret_names is None else use.name in secret_names):
            continue
        command = facts.commands[use.command]
        name = program(command.words)
        if name not in _BUILTINS and name not in own:
            found.append(Exposed(use.name, name, use.start, use.end, secret_names is not None))
    return tuple(found)
