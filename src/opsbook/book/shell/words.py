"""The command that a command runs: what stands behind sudo, env, timeout, xargs, ssh, kubectl exec, bash -c.

Refuses to guess at programs it has no row for; those run nothing but themselves.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct

from opsbook.book.shell.facts import Command, Word
from opsbook.ground.pattern import Pattern

Words = tuple[Word, ...]


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: how the tables here are written, to be read in a glance."""
    return frozenset(text.split())


class Inner(Struct, frozen=True, gc=False):
    """A script given as text (`bash -c "…"`, `ssh host '…'`): its place, exact where the quotes are simple."""

    text: str
    word: Word
    remote: bool

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The byte range in the outer script of a byte range in this one; the whole word where it is not exact."""
        if len(self.text.encode("utf-8", "surrogatepass")) + 2 == self.word.end - self.word.start:
            return self.word.start + 1 + start, self.word.start + 1 + end
        return self.word.start, self.word.end


class Unwrapped(Struct, frozen=True):
    """A command and all that it runs in turn, outermost first, and the scripts that it hands to a shell."""

    layers: tuple[Words, ...]
    scripts: tuple[Inner, ...] = ()
    wrappers: frozenset[str] = frozenset()


def program(words: Words) -> str:
    """The program's name without its folder."""
    return words[0].text.rpartition("/")[2] if words else ""


def unwrap(command: Command) -> Unwrapped:
    """The command and what stands behind its wrappers, at most eight deep."""
    words = command.words
    if program(words) not in _WRAPPERS:
        return Unwrapped((words,))
    layers, scripts, wrappers = [words], [], set()
    for _ in range(8):
        name = program(words)
        unpack = _WRAPPERS.get(name)
        # `command -v psql` asks where it is, and runs nothing.
        if unpack is None or (name == "command" and any(word.text in ("-v", "-V") for word in words[1:2])):
            break
        rest, inner = unpack(words)
        scripts += inner
        wrappers.add(name)
        if not rest:
            break
        layers.append(rest)
        words = rest
    return Unwrapped(tuple(layers), tuple(scripts), frozenset(wrappers))


def split(words: Words, valued: frozenset[str] = frozenset()) -> tuple[list[Word], list[Word]]:
    """The words after the first as (options, positionals); `valued` are the options that take the next word.

    A lone `--` ends the options; `-abc` counts as valued when `-c` does.
    """
    options: list[Word] = []
    positionals: list[Word] = []
    index = 1
    while index < len(words):
        word = words[index]
        if word.text == "--":
            positionals += words[index + 1 :]
            break
        if word.text.startswith("-") and len(word.text) > 1:
            options.append(word)
            index += takes_value(word.text, valued)
        else:
            positionals.append(word)
        index += 1
    return options, positionals


def takes_value(option: str, valued: frozenset[str]) -> bool:
    """Whether the word after this option is its value."""
    if option in valued:
        return True
    return len(option) > 2 and option[1] != "-" and option[1:].isalpha() and f"-{option[-1]}" in valued


def _behind(words: Words, valued: frozenset[str], skipped: int = 0) -> Words:
    """The words from the first positional on, after `skipped` positionals and any NAME=value."""
    index = 1
    while index < len(words):
        text = words[index].text
        if text == "--":
            return words[index + 1 + skipped :]
        if text.startswith("-") and len(text) > 1:
            index += 1 + takes_value(text, valued)
        elif _ASSIGNS().match(text):
            index += 1
        elif skipped:
            skipped -= 1
            index += 1
        else:
            return words[index:]
    return ()


_ASSIGNS = Pattern(r"[A-Za-z_]\w*=")
_Unpacked = tuple[Words, list[Inner]]


# Wrapper, its options with a value, and how many positionals come before the command.
_PLAIN: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (word_set("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir"), 0),
    "doas": (word_set("-u -C"), 0),
    "env": (word_set("-u -C --unset --chdir"), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "time": (word_set("-f -o"), 0),
    "nice": (word_set("-n --adjustment"), 0),
    "ionice": (word_set("-c -n -p"), 0),
    "exec": (word_set("-a"), 0),
    "command": (frozenset(), 0),
    "builtin": (frozenset(), 0),
    "stdbuf": (word_set("-i -o -e"), 0),
    "unbuffer": (frozenset(), 0),
    "chroot": (frozenset(), 1),
    "timeout": (word_set("-k -s --kill-after --signal"), 1),
    "gtimeout": (word_set("-k -s --kill-after --signal"), 1),
    "xargs": (word_set("-I -n -P -L -s -d -E -a --max-args --max-procs --replace --delimiter --arg-file"), 0),
    "parallel": (word_set("-j -N --jobs --colsep -a"), 0),
    "gosu": (frozenset(), 1),
    "su-exec": (frozenset(), 1),
    "taskset": (frozenset(), 1),
    "strace": (word_set("-p -e -o -s -u -P -E"), 0),
    "nsenter": (word_set("-t --target -S -G"), 0),
    "numactl": (frozenset(), 0),
    "systemd-run": (word_set("-p -u -M -H -E --unit --property --uid --gid --slice --setenv"), 0),
}
_SHELLS = word_set("bash sh zsh dash ash ksh rbash")
_SHELL_VALUED = word_set("-o -O +o +O --rcfile --init-file")
KUBECTL_VALUED = word_set(
    "-n --namespace --context --kubeconfig -s --server --cluster --user --as --as-group --token -c --container -l"
    " --selector -f --filename -o --output -p --patch --type --image --request-timeout --grace-period --timeout"
    " --field-selector --pod-running-timeout --replicas --cascade --since --tail --from-literal --from-file"
)
DOCKER_VALUED = word_set(
    "-H --host -c --context --config -l --log-level -e --env -u --user -w --workdir --env-file --detach-keys"
    " --index -f --file -p --project-name --profile --project-directory --env-file"
)
SSH_VALUED = word_set("-p -i -l -o -F -J -L -R -D -W -b -c -E -e -I -m -O -Q -S -w -B")


def _plain(words: Words) -> _Unpacked:
    valued, skipped = _PLAIN[program(words)]
    return _behind(words, valued, skipped), []


def _flock(words: Words) -> _Unpacked:
    script = _option_value(words, "-c", "--command")
    return ((), [script]) if script else (_behind(words, word_set("-w -E -c"), 1), [])


def _option_value(words: Words, *names: str, remote: bool = False) -> Inner | None:
    for index, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if name not in names:
            continue
        if equals and name.startswith("--"):
            return Inner(value, word, remote)
        if index + 1 < len(words):
            return Inner(words[index + 1].text, words[index + 1], remote)
    return None


def _shell(words: Words) -> _Unpacked:
    """`bash -euo pipefail -c 'script'`: the first positional after a group of options with a c in it."""
    index = 1
    while index < len(words) and words[index].text.startswith(("-", "+")):
        text = words[index].text
        if "c" in text and not text.startswith("--") and index + 1 < len(words):
            return (), [Inner(words[index + 1].text, words[index + 1], False)]
        index += 1 + takes_value(text, _SHELL_VALUED)
    return (), []


def _su(words: Words) -> _Unpacked:
    script = _option_value(words, "-c", "--command", "--session-command")
    if script:
        return (), [script]
    # `runuser -u postgres -- psql`; plain `su - postgres` opens a shell.
    return (_behind(words, word_set("-u -g -s -G")), []) if program(words) == "runuser" else ((), [])


def _ssh(words: Words) -> _Unpacked:
    return _remote(_behind(words, SSH_VALUED, 1))


def _remote(rest: Words) -> _Unpacked:
    """Words that a remote shell will read again, as one script where one of them needs it."""
    if len(rest) == 1 and re.search(r"[\s;|&$]", rest[0].text):
        return (), [Inner(rest[0].text, rest[0], True)]
    if any(re.search(r"[\s;|&<>]", word.text) for word in rest):
        whole = Word(" ".join(word.text for word in rest), rest[0].start, rest[-1].end)
        return (), [Inner(whole.text, whole, True)]
    return rest, []


def _kubectl(words: Words) -> _Unpacked:
    _, positionals = split(words, KUBECTL_VALUED)
    verb = positionals[0].text if positionals else ""
    if verb not in ("exec", "rsh", "debug", "run"):
        return (), []
    for index, word in enumerate(words):
        if word.text == "--":
            return words[index + 1 :], []
    return (tuple(positionals[2:]), []) if verb in ("exec", "rsh") else ((), [])


def _docker(words: Words) -> _Unpacked:
    rest = words
    for _ in range(2):  # docker exec, docker compose exec, docker container exec
        rest = _behind(rest, DOCKER_VALUED)
        if not rest or rest[0].text not in ("compose", "container"):
            break
    if program(words) == "crictl" and rest and rest[0].text != "exec":
        return (), []
    return (_behind(rest, DOCKER_VALUED, 1), []) if rest and rest[0].text == "exec" else ((), [])


def _find(words: Words) -> _Unpacked:
    for index, word in enumerate(words):
        if word.text in ("-exec", "-execdir", "-ok"):
            rest = words[index + 1 :]
            end = next((at for at, item in enumerate(rest) if item.text in (";", "+")), len(rest))
            return rest[:end], []
    return (), []


def _after_dashes(words: Words) -> _Unpacked:
    for index, word in enumerate(words):
        if word.text == "--":
            return words[index + 1 :], []
    return (), []


def _joined(words: Words) -> _Unpacked:
    """`eval "…"` and `watch '…'`: the words are read again by a shell."""
    rest = _behind(words, word_set("-n --interval"))
    if not rest:
        return (), []
    return (rest, []) if len(rest) > 1 else ((), [Inner(rest[0].text, rest[0], False)])


def _trap(words: Words) -> _Unpacked:
    return ((), [Inner(words[1].text, words[1], False)]) if len(words) > 2 else ((), [])


def _by_option(words: Words) -> _Unpacked:
    """`ansible all -a '…'`, `gcloud compute ssh x --command='…'`, `vagrant ssh -c '…'`, `script -c '…'`."""
    names = ("-a", "--args") if program(words) == "ansible" else ("-c", "--command")
    script = _option_value(words, *names, remote=True)
    return (), [script] if script else []


def _salt(words: Words) -> _Unpacked:
    for before, word in pairwise(words):
        if before.text == "cmd.run":
            return (), [Inner(word.text, word, True)]
    return (), []


_WRAPPERS = {
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_SHELLS, _shell),
    **dict.fromkeys(("su", "runuser"), _su),
    **dict.fromkeys(("kubectl", "oc", "k3s-kubectl", "microk8s.kubectl"), _kubectl),
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "crictl"), _docker),
    **dict.fromkeys(("lxc", "aws-vault", "chamber", "op", "doppler", "infisical"), _after_dashes),
    **dict.fromkeys(("ansible", "gcloud", "vagrant", "script"), _by_option),
    **dict.fromkeys(("eval", "watch"), _joined),
    "ssh": _ssh,
    "find": _find,
    "flock": _flock,
    "trap": _trap,
    "salt": _salt,
}
