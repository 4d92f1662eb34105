"""What in a terminal session was typed and what was printed: prompts, continued lines, comments, output.

Refuses to parse shell: it tells lines apart, and joins those that one command spans. How a `# ` line is read
was decided from the corpora: in blocks that also have `$ ` lines, 83 of 85 were remarks and two were commands
of a root shell opened by the line above (`oc debug node/…`, then `# sysctl -a`), so there a `# ` line is a
remark unless it reads as a command (a known word first, and nothing of a sentence about it). In a console
block without `$ ` lines it is a command, unless it reads as a sentence or the other lines are plain commands,
as in the many "console" blocks that are scripts with remarks.
"""

from __future__ import annotations

import re

from msgspec import Struct

from opsbook.ground.pattern import Pattern


class Typed(Struct, frozen=True, gc=False):
    """One command of a session: its text without prompts, and the pieces (offset in text, in the block) it came from.

    `prompt` is as written. `inner` is true when another program (psql, python, a shell inside a container) read it.
    Offsets are in characters of the block.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]
    end: int
    prompt: str
    inner: bool


class Printed(Struct, frozen=True, gc=False):
    """Lines that a command printed; `command` is its index, or -1 when they stand before the first one."""

    text: str
    start: int
    end: int
    command: int


class Session(Struct, frozen=True):
    """What was typed and what was printed, in order."""

    typed: tuple[Typed, ...]
    printed: tuple[Printed, ...]


# A quote that never closes must not cost the square of the block's length: characters looked at in one block to
# find where its commands end. A block of 100 commands of 10 lines each needs 40,000.
_BUDGET = 1_000_000

_DOLLAR = Pattern(r"[ \t]*((?:\([\w.-]+\) ?)?(?:[~/][\w./-]*)?[$❯➜λ])[ \t]+(?=\S)")
_AT_HOST = Pattern(
    r"[ \t]*((?:\([\w.-]+\) ?)?\[?[\w.-]{1,64}@[\w.-]{1,64}\]?(?:[: ][^\s$#%\]]{0,200})?\]?(?: ?[$#%]|>))[ \t]+(?=\S)"
)
# Prompts of programs that read commands themselves; a shell inside a container or a pod is one of them.
_INNER = Pattern(
    r"[ \t]*((?:ba|da|z|k)?sh-\d[\w.]*[$#]|(?:[~/][\w./-]*) [$#]|>>>|\(gdb\)|irb\([^)\n]{0,40}\)[:\d]*[>*]"
    r"|\w[\w-]{0,40}[=-][#>*(]|(?i:mysql|mariadb|redis|mongo|mongosh|sqlite|cqlsh|cqlsh:\w+|ftp|sftp|gremlin|ceph"
    r"|zk|etcd|influx|telnet|hive|presto|trino|scala|node|rs\d*:\w+|\d+\.\d+\.\d+\.\d+:\d+)(?: \[[^\]\n]{0,40}\])?>"
    r"|MariaDB \[[^\]\n]{0,40}\]>|sqlplus>|SQL>)[ \t]+(?=\S)"
)
_ROOT = Pattern(r"[ \t]*(#)[ \t]+(?=\S)")


def starts_as_session(text: str) -> bool:
    """Whether a block's first line that is no remark bears a prompt: then even a ```bash block is a session."""
    if "$ " not in text and "@" not in text and "> " not in text and "# " not in text and "❯ " not in text:
        return False
    for line in text.split("\n", 40)[:40]:
        bare = line.strip()
        if not bare or (bare[0] == "#" and not bare.startswith("#!")):
            continue
        return _prompt(line, bare) is not None
    return False


def _prompt(line: str, bare: str) -> re.Match[str] | None:
    first = bare[0]
    if first in "$(~/❯➜λ":
        found = _DOLLAR().match(line)
        if found is not None:
            return found
    if "@" in line:
        found = _AT_HOST().match(line)
        if found is not None:
            return found
    return _INNER().match(line) if "> " in line or "# " in line or "$ " in line or "( " in line else None


def read_session(text: str) -> Session:
    """What was typed and printed in a terminal session, by its prompts; no prompt at all gives nothing typed."""
    return _Reader(text).read()


class _Reader:
    """Reads one block line by line; `open` holds the command that the next line may continue."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.typed: list[Typed] = []
        self.printed: list[Printed] = []
        self.body: list[str] = []
        self.pieces: list[tuple[int, int]] = []
        self.size = 0
        self.end = 0
        self.prompt = ""
        self.inner = False
        self.output = -1
        self.output_end = 0
        self.budget = _BUDGET
        self.has_dollar = False
        self.is_script = False

    def read(self) -> Session:
        lines = self.text.split("\n")
        bare = [line.strip() for line in lines]
        self.has_dollar = any(b and _prompt(line, b) for line, b in zip(lines, bare, strict=True))
        self.is_script = not self.has_dollar and any(b and b[0] != "#" and reads_as_command(b) for b in bare)
        at = 0
        pending = False
        for line, content in zip(lines, bare, strict=True):
            match = self._typed_line(line, content) if content else None
            if match is not None:
                self._close()
                self._open(line, at, match)
                pending = self._is_pending()
            elif pending:
                skip = 2 if line.startswith("> ") else 1 if line == ">" else 0
                self._add(line[skip:], at + skip)
                pending = self._is_pending()
            elif content and not self._is_remark(line, content):
                self._print(line, at)
            at += len(line) + 1
        self._close()
        return Session(tuple(self.typed), tuple(self.printed))

    def _is_pending(self) -> bool:
        self.budget -= self.size
        return self.budget > 0 and is_incomplete(self._body())

    def _typed_line(self, line: str, bare: str) -> re.Match[str] | None:
        if bare[0] != "#":
            return _prompt(line, bare)
        root = _ROOT().match(line)
        if root is None or self.is_script:
            return None
        rest = bare[1:].strip()
        if self.has_dollar:
            return root if reads_as_command(rest) else None
        return None if _reads_as_sentence(rest) else root

    def _is_remark(self, line: str, bare: str) -> bool:
        # `# HELP` and `# TYPE` are what a metrics page prints.
        if bare[0] != "#":
            return False
        if not self.typed and not self.body:
            return True
        return not bare.startswith(("# HELP ", "# TYPE ", "##")) and self.output < 0

    def _open(self, line: str, at: int, match: re.Match[str]) -> None:
        self.prompt = match[1]
        root_below = self.prompt == "#" and self.has_dollar
        self.inner = root_below or (_INNER().match(line) is not None and _DOLLAR().match(line) is None)
        self._add(line[match.end() :], at + match.end())

    def _add(self, content: str, at: int) -> None:
        self.pieces.append((self.size, at))
        self.body.append(content)
        self.size += len(content) + 1
        self.end = at + len(content)

    def _body(self) -> str:
        return "\n".join(self.body)

    def _close(self) -> None:
        self._close_output()
        if self.body:
            text = self._body().rstrip()
            end = self.end - (self.size - 1 - len(text)) if len(self.body) == 1 else self.end
            self.typed.append(Typed(text, tuple(self.pieces), end, self.prompt, self.inner))
        self.body, self.pieces, self.size = [], [], 0

    def _print(self, line: str, at: int) -> None:
        if self.output < 0:
            if self.body:
                self._close()
            self.output = at
        self.output_end = at + len(line)

    def _close_output(self) -> None:
        if self.output >= 0:
            text = self.text[self.output : self.output_end]
            self.printed.append(Printed(text, self.output, self.output_end, len(self.typed) - 1))
            self.output = -1


_QUOTED = Pattern(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"|(?:^|(?<=\s))#[^\n]*", re.S)
_HEREDOC = Pattern(r"(?<![<])<<-?\s*(['\"]?)(\w[\w.-]*)\1(?!<)")
_WORDS = Pattern(r"(?:^|[;&|(]|\bdo\b|\bthen\b|\belse\b)[ \t]*(if|for|while|until|case|select|fi|done|esac)\b", re.M)


def is_incomplete(command: str) -> bool:
    """Whether a shell would ask for another line: an open quote, here-document, `\\`, `|`, or loop."""
    if "\n" not in command and command[-1:] not in "\\|&'\"(`{" and not _MAY_BE_OPEN().search(command):
        return False
    for match in _HEREDOC().finditer(command):
        _, _, rest = command[match.end() :].partition("\n")
        return match[2] not in (line.strip() for line in rest.split("\n"))
    if command.endswith("\\") and (len(command) - len(command.rstrip("\\"))) % 2:
        return True
    plain = _QUOTED().sub(" ", command)
    if "'" in plain or '"' in plain or plain.count("`") % 2:
        return True
    if plain.rstrip().endswith(("|", "&&")):
        return True
    words = _WORDS().findall(plain)
    closed = sum(word in ("fi", "done", "esac") for word in words)
    return len(words) > 2 * closed or plain.count("$(") > plain.count(")") or plain.count("{") > plain.count("}")


_MAY_BE_OPEN = Pattern(r"['\"`(]|<<|\b(?:do|then|in)\b|\{")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_KNOWN = _set("""
    ansible ansible-playbook apk apt apt-get argocd aws awk az base64 bash blkid brew btrfs bundle
    bunzip2 bzip2 cargo cat cd ceph certbot chattr chgrp chmod chown chroot consul cp crictl crontab ctr
    curl cut date dd df dig dmesg dnf docker docker-compose dpkg du echo egrep env etcdctl ethtool eval
    exec export exportfs fdisk ffmpeg fgrep find flux free fsck fuser g++ gcc gcloud gh git glab go gpg
    grep gsutil gunzip gzip head helm host hostname hostnamectl htop id ifconfig insmod iostat ip
    ipmitool iptables ipvsadm istioctl java journalctl jq kill killall kubeadm kubectl kubectx kubelet
    kubens kustomize last ldapsearch less ln logrotate ls lsblk lscpu lsmod lsof lspci lvcreate
    lvdisplay lvextend lvs make man mc md5sum mkdir mkfs mknod modprobe mongo mongosh more mount mpstat
    mtr mv mysql mysqladmin mysqldump nano nc netstat networkctl nginx nmap nmcli node nodetool nohup
    npm npx nslookup nvidia-smi oc openssl openstack ovs-vsctl partprobe passwd patch perl pg_dump
    pg_restore pgrep pidstat ping pip pip3 pkill podman postgres printf promtool ps psql pv pvcreate pvs
    pwd pytest python python3 rabbitmqctl rados read redis-cli renice resize2fs rm rmdir rmmod route rpm
    rsync ruby salt sar scp sed seq service set sftp sh sha256sum sleep smartctl sort source sqlite3 ss
    ssh ssh-keygen stat strace su sudo swapoff swapon sync sysctl systemctl tail tar tc tcpdump tee
    telnet terraform test time timedatectl timeout top touch tracepath traceroute tree truncate tune2fs
    ufw ulimit umount uname unset unzip uptime useradd userdel usermod vault vgs vi vim virsh virtctl
    vmstat watch wc wget which who whoami xargs xfs_growfs yarn yq yum zcat zfs zgrep zpool zypper
""")
# Words of the list above that also begin an English sentence.
_ALSO_ENGLISH = _set("""
    cat cut date exec find free go head host kill last less make man more mount node patch ping read
    route salt service set sleep sort source split stat test time timeout top touch tree watch which who
""")
_SENTENCE = Pattern(
    r"\b(?:the|a|an|all|any|if|for|to|of|that|this|these|those|your|our|each|with|from|it|its|is|are|be|should|must|"
    r"will|when|whether|until|because|so|using|and|or|not|no|see|e\.g\.|i\.e\.)\b"
)
_ASSIGNS = Pattern(r"[A-Za-z_]\w*\+?=")
_SHELLISH = Pattern(r"(?:^|\s)-{1,2}\w|[|=$>*~]|(?:^|\s)[./]*/\w|\"|'|\d")
_START = Pattern(r"(?:\w+=(?>\"[^\"]*\"|'[^']*'|[^\s\"']*)\s+)*+(?:sudo\s+)?([^\s;|&]+)")


def reads_as_command(line: str) -> bool:
    """Whether a line reads as a shell command rather than as prose: a known program first, and no sentence after it."""
    start = _START().match(line)
    if start is None:
        return False
    word = start[1]
    if word.startswith(("./", "/", "~/")):
        return len(word) > 2 and (start.end() < len(line) or word[0] == "." or word.endswith((".sh", ".py")))
    if "=" in word:
        return _ASSIGNS().match(word) is not None
    if word not in _KNOWN:
        return False
    rest = line[start.end() :].strip()
    if word in _ALSO_ENGLISH:
        return _SHELLISH().search(rest) is not None and not (line.endswith((".", ":")) and _SENTENCE().search(rest))
    if line.endswith((":", ".")) and not line.endswith((" .", "/.")) and " " in rest and not _SHELLISH().search(rest):
        return False
    return _SENTENCE().search(rest) is None or _SHELLISH().search(rest) is not None


def _reads_as_sentence(line: str) -> bool:
    """Whether a `# ` line of a console block is a remark: a capital letter first, or the small words of prose."""
    first = line.split(" ", 1)[0]
    if first in _KNOWN and first not in _ALSO_ENGLISH:
        return not reads_as_command(line)
    if (line[:1].isupper() and "=" not in first) or not line[:1].isascii() or line[:1] in "(-*=#<[":
        return True
    return line.endswith((".", ":")) or (_SENTENCE().search(line) is not None and _SHELLISH().search(line) is None)
