"""Whether a script only looks: `kubectl get`, `curl` without a body, `grep`. What is not known to only look, changes.

A rough reading by lines and pipes, without a shell parser: it decides whether a reminder is due, and nothing else.
"""

from __future__ import annotations

import re
from functools import lru_cache

from opsbook.ground.pattern import Pattern

_READERS = frozenset("""
    awk base64 basename bc cat cd cmp column comm command curl cut date df diff dig dirname dmesg du echo egrep env
    export expr false fgrep file find free getent grep head hexdump history host hostname htop id ifconfig iostat jobs
    journalctl jq last less local locate ls lsblk lscpu lsof man md5sum more mpstat mtr netstat nl nproc nslookup od
    openssl pgrep ping pidstat printenv printf promtool ps pwd read readlink return sar sed set sha256sum shift sleep
    sort source ss stat strings tail tcpdump tee test time top tr traceroute tree true type ulimit umask uname uniq
    unset uptime vmstat w wait watch wc wget whereis which who whoami xargs xxd yq zcat zgrep [ [[ : .
    done fi esac else then do } ) case for select
""".split())  # fmt: skip
# The first words (after options) with which a program only looks.
_VERBS: dict[str, frozenset[str]] = {
    name: frozenset(verbs.split())
    for names, verbs in {
        "kubectl oc": "get describe logs top explain version cluster-info config api-resources auth diff events whoami "
        "status wait port-forward",
        "docker podman nerdctl crictl": "ps logs inspect images stats top version info events port diff",
        "docker-compose": "ps logs config images top",
        "systemctl": "status is-active is-enabled is-failed list-units list-timers show cat list-unit-files",
        "service": "",
        "git": "status log diff show branch fetch remote rev-parse describe blame ls-remote ls-files",
        "helm": "list ls get status history show search version template repo",
        "terraform tofu": "plan show output validate version state providers fmt graph",
        "gh glab": "pr issue run repo auth api",
        "argocd flux": "app get logs version",
        "npm yarn pip pip3": "list ls view show outdated audit",
        "ip": "addr a address route r link neigh show",
        "nginx": "-t -T -v",
        "consul nomad": "members info operator catalog status",
    }.items()
    for name in names.split()
}
# Of these the words behind are a command of their own; what comes between are options, hosts and pods.
_WRAPPERS = frozenset("sudo doas env time timeout nohup nice watch if while until ! not exec stdbuf xargs".split())
_VALUED = {"sudo": ("-u", "-g"), "doas": ("-u",), "timeout": ("-k", "-s"), "nice": ("-n",), "xargs": ("-n", "-I", "-P")}
_SPLIT = Pattern(r"\|\|?|&&|;|\n|\$\(|`|\(|\bdo\b|\bthen\b|\belse\b")
_ASSIGNMENT = Pattern(r"[A-Za-z_]\w*\+?=(?:\"[^\"]*\"|'[^']*'|\S*)\s*")
_SENDS = Pattern(
    r"\s(?:-X\s*|--request[ =])(?!GET|HEAD|OPTIONS)\w|\s(?:-d|--data\S*|-F|--form|-T|--upload-file|--json)\b"
)
_QUERIES = Pattern(r"""(?:-\w*[ce]|--command|--execute)[ =]*["']\s*(?:select|show|explain|describe|\\\w)""", re.I)
_CLIENTS = frozenset("psql mysql mariadb sqlite3 clickhouse-client cqlsh duckdb".split())
_REDIS = Pattern(r"\b(?:info|ping|get|keys|scan|dbsize|llen|ttl|client list|slowlog|cluster info)\b", re.I)


@lru_cache(maxsize=1024)
def only_reads(script: str) -> bool:
    """Whether every command of a script is known to only look."""
    plain = re.sub(r"\\\n", " ", script[:20_000])
    plain = re.sub(r"(?:^|(?<=\s))#[^\n]*", "", plain)
    return all(_reads(part.strip()) for part in _SPLIT().split(plain))


def _reads(command: str) -> bool:
    command = command.strip(" \t{}()!")
    while (found := _ASSIGNMENT().match(command)) is not None:
        command = command[found.end() :]
    words = command.split()
    while words and words[0] in _WRAPPERS:
        words = _unwrapped(words)
    if not words:
        return True
    name, rest = words[0].rpartition("/")[2], [word for word in words[1:] if not word.startswith("-")]
    text = " ".join(words)
    if name in ("curl", "wget"):
        return _SENDS().search(text) is None
    if name == "sed":
        return not any(word.startswith("-i") for word in words[1:])
    if name == "find":
        return "-delete" not in words and "-exec" not in words
    if name == "tee":
        return len(rest) == 0 or rest[0].startswith("/tmp/")
    if name in _CLIENTS:
        return _QUERIES().search(text) is not None
    if name == "redis-cli":
        return _REDIS().search(text) is not None
    if name in _VERBS:
        return _has_verb(words, _VERBS[name])
    return name in _READERS or name.startswith(("#", '"', "'", "$"))


def _unwrapped(words: list[str]) -> list[str]:
    """The words behind `sudo`, `timeout 5` and the like."""
    rest = words[1:]
    valued = _VALUED.get(words[0], ())
    while rest and (rest[0].startswith("-") or (words[0] == "timeout" and rest[0][:1].isdigit())):
        rest = rest[2:] if rest[0] in valued else rest[1:]
    return rest


def _has_verb(words: list[str], verbs: frozenset[str]) -> bool:
    """Whether the first word that can be a verb is one of these; `kubectl exec pod -- cmd` is what cmd is."""
    if "exec" in words and "--" in words:
        return _reads(" ".join(words[words.index("--") + 1 :]))
    # Options of unknown arity may stand before the verb, so the first words are all looked at.
    return any(word in verbs for word in words[1:6])
