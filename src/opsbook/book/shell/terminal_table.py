"""Which commands need a terminal, ask a question, or never end, and what to write instead, as rows.

Refuses to look at a script. Kinds: `terminal` (reads the terminal), `asks` (waits for an answer on its input,
which is empty), `never-ends` (runs until someone stops it).
"""

from __future__ import annotations

from opsbook.book.shell.rows import Row
from opsbook.book.shell.words import word_set

LIMIT = "put `timeout 60` before it, or leave out the following"


def _row(kind: str, verbs: str, says: str = LIMIT, *, needs: str = "", unless: str = "", anywhere: bool = False) -> Row:
    return Row(tuple(verbs.split()), says, tuple(needs.split()), tuple(unless.split()), anywhere, kind)


def _ends(verbs: str, says: str = LIMIT, *, needs: str = "", unless: str = "", anywhere: bool = False) -> Row:
    return _row("never-ends", verbs, says, needs=needs, unless=unless, anywhere=anywhere)


def _reads(verbs: str, says: str, *, needs: str = "", unless: str = "") -> Row:
    return _row("terminal", verbs, says, needs=needs, unless=unless)


def _asks(verbs: str, says: str, *, needs: str = "", unless: str = "", anywhere: bool = False) -> Row:
    return _row("asks", verbs, says, needs=needs, unless=unless, anywhere=anywhere)


_EDIT = "write the change as a patch or a file, and apply that"
_ONCE = "use a command that prints once and ends"
_FILE = "change the file with sed, or write it with a here-document"
_TTY = "leave out -t: a step's input is no terminal"
_YES = "-y --yes --assume-yes --assumeyes -s --dry-run --simulate --noconfirm -n --non-interactive -qq --assumeno"
_INSTALLS = "install|remove|purge|upgrade|dist-upgrade|full-upgrade|autoremove|erase|reinstall|downgrade"
_KUBERNETES = (
    _ends("logs|log", needs="-f --follow"),
    _ends("get|events", needs="-w --watch --watch-only"),
    _ends("port-forward|proxy", "put it in the background, and stop it at the end of the step"),
    _reads("attach", "read the logs instead"),
    _reads("edit", _EDIT),
)
_CONTAINERS = (
    _ends("logs", needs="-f --follow"),
    _ends("compose logs", needs="-f --follow"),
    _ends("compose up", "add -d", unless="-d --detach --wait --no-start"),
    _ends("stats", "add --no-stream", unless="--no-stream"),
    _ends("events", unless="--until"),
    _reads("attach", "read the logs instead"),
    _asks("login", "give the password with --password-stdin", unless="-p --password --password-stdin"),
)

_SCREENS = word_set(
    "htop atop btop bashtop nmon glances nethogs nload bmon ctop k9s tig slurm iftop tmux screen dialog whiptail byobu"
    " lazydocker telnet cfdisk alsamixer"
)

TABLE: dict[str, tuple[Row, ...]] = {
    **dict.fromkeys(
        word_set("vi vim nvim view nano emacs pico joe mcedit visudo vipw vigr"),
        (_reads("", _FILE, unless="--version --help -es -Es -c"),),
    ),
    **dict.fromkeys(
        _SCREENS,
        (_reads("", _ONCE, unless="--version --help -t -b -dmS -ls -V"),),
    ),
    "top": (
        _ends("", "add -n 1", needs="-b", unless="-n"),
        _reads("", "write `top -b -n 1`", unless="-b -n -v"),
    ),
    "iotop": (
        _ends("", "add -n 1", needs="-b", unless="-n"),
        _reads("", "write `iotop -b -n 1`", unless="-b"),
    ),
    "watch": (_ends("", "run the command once, or in a loop with an end", unless="-g --chgexit --version"),),
    "tail": (_ends("", needs="-f -F --follow", unless="--pid"),),
    "journalctl": (_ends("", needs="-f --follow"),),
    "dmesg": (_ends("", needs="-w --follow -W"),),
    "ping": (_ends("", "add -c 5", unless="-c -w"),),
    "ping6": (_ends("", "add -c 5", unless="-c -w"),),
    "mtr": (_ends("", "add --report", unless="-r --report -w --report-wide -c --version"),),
    "tcpdump": (_ends("", "add -c 100", unless="-c -G -W -r -D --version -d"),),
    "inotifywait": (_ends("", needs="-m --monitor"),),
    "strace": (_ends("", "put `timeout 10` before it", needs="-p"),),
    "stern": (_ends("", unless="--no-follow"),),
    "kubetail": (_ends(""),),
    "mongostat": (_ends("", "add -n 5", unless="-n --rowcount"),),
    "mongotop": (_ends("", "add -n 5", unless="-n --rowcount"),),
    **dict.fromkeys(("kubectl", "oc"), _KUBERNETES),
    **dict.fromkeys(("docker", "podman", "nerdctl", "crictl"), _CONTAINERS),
    "docker-compose": (
        _ends("logs", needs="-f --follow"),
        _ends("up", "add -d", unless="-d --detach --wait --no-start"),
    ),
    "virtctl": (_reads("console|vnc|ssh", "use a command that does one thing and ends"),),
    "virsh": (_reads("console", "use ssh with a command"), _reads("edit", _EDIT)),
    "crontab": (_reads("", "write the table to a file and load it: crontab FILE", needs="-e"),),
    "systemctl": (_reads("edit", "write a drop-in file", unless="--stdin"),),
    "ansible-vault": (_reads("edit|create", "use encrypt and decrypt"),),
    "git": (
        _reads("rebase", "rebase without -i", needs="-i --interactive"),
        _reads("add|checkout|restore|reset|stash", "name the files", needs="-p --patch -i --interactive"),
        _reads(
            "commit",
            "give the message with -m",
            unless="-m -F -C --message --file --no-edit --reuse-message --fixup --dry-run -am",
        ),
    ),
    "helm": (_ends("get|status", needs="--watch"),),
    "heroku": (_ends("logs", needs="-t --tail"), _reads("run|ps:exec|pg:psql|psql", "give it a command")),
    "etcdctl": (_ends("watch|elect|lock"),),
    "consul": (_ends("monitor|watch"),),
    "nomad": (_ends("monitor"), _ends("alloc logs", needs="-f"), _ends("logs", needs="-f")),
    "aws": (
        _reads("ssm start-session", "use `aws ssm send-command`", unless="--document-name"),
        _asks("sso login", "log in before the run"),
        _ends("logs tail", needs="--follow"),
    ),
    "gcloud": (
        _asks("auth login", "use a service account", unless="--cred-file"),
        _asks("init", "set what is needed"),
    ),
    "az": (_asks("login", "use a service principal", unless="--service-principal --identity -u --username -i"),),
    "terraform": (
        _asks(
            "apply|destroy",
            "add -auto-approve, or apply a saved plan",
            unless="-auto-approve --auto-approve -input",
        ),
        _reads("console", "use `terraform output`"),
    ),
    "terragrunt": (_asks("apply|destroy", "add -auto-approve", unless="-auto-approve --terragrunt-non-interactive"),),
    "passwd": (_asks("", "use chpasswd", unless="--stdin -l -u -d -S -e --lock --unlock --delete --status --expire"),),
    "ssh-copy-id": (_asks("", "put the key in place beforehand", unless="-n"),),
    "ssh-keygen": (_asks("", "add -N '' and -f FILE", unless="-N -y -l -R -F -H -e -i -L -B -r -K -q -A"),),
    "fdisk": (_asks("", "use sfdisk or parted -s", unless="-l --list -s --getsz -x --version"),),
    "gdisk": (_asks("", "use sgdisk", unless="-l"),),
    "parted": (_asks("", "add -s", unless="-s --script -l --list -m --version"),),
    **dict.fromkeys(("apt", "apt-get", "aptitude", "yum", "dnf"), (_asks(_INSTALLS, "add -y", unless=_YES),)),
    "zypper": (_asks("install|in|remove|rm|update|up|dup", "add -n before the verb", unless=_YES),),
    "pacman": (_asks("", "add --noconfirm", needs="-S -R -Syu -Sy", unless="--noconfirm"),),
    "nc": (_ends("", needs="-l", unless="-w"),),
    "perf": (_ends("top"), _ends("record", "add `-- sleep 10`", needs="-p -a")),
    "sleep": (_ends("infinity|inf", "give a time"),),
    "mysql_secure_installation": (_asks("", "run its statements by SQL"),),
    "helmfile": (_asks("apply|sync|destroy", "leave out --interactive", needs="-i --interactive"),),
    "velero": (_asks("backup|restore|schedule delete", "add --confirm", unless="--confirm"),),
    "certbot": (_asks("certonly|run|renew", "add --non-interactive", unless="-n --non-interactive --dry-run -q"),),
    "vault": (_asks("login", "give the token on its input", unless="-method -token-only"), _ends("monitor")),
    "redis-cli": (_ends("monitor|MONITOR|subscribe|SUBSCRIBE|psubscribe|PSUBSCRIBE"),),
}

VALUED: dict[str, frozenset[str]] = {
    name: word_set(options)
    for name, options in {
        "git": "-C -c --git-dir --work-tree",
        "aws": "--profile --region --output --query",
        "redis-cli": "-h -p -a -n -u -s --user --pass --cacert --cert --key --sni",
        "tail": "-n -c --lines --bytes -s",
        "journalctl": "-u -n -p -o -t -S -U --unit --since --until --lines --priority --output",
        "top": "-d -n -p -u -U -o",
        "iotop": "-d -n -p -u",
        "vmstat": "-n -S",
        "iostat": "-p -g -o -j -f",
        "mpstat": "-P -I -o",
        "pidstat": "-p -C -G -U -T -e -o",
        "sar": "-f -o -s -e -i -I -P -n -m",
        "systemctl": "-H -M --host --machine",
        "ping": "-c -i -I -s -W -w -t",
        "tcpdump": "-i -c -w -r -s -G -W -C -B -F",
        "nc": "-w -p -s -q -i -X -x",
        "etcdctl": "--endpoints --cacert --cert --key --user",
        "nomad": "-address -namespace -region",
        "mtr": "-c -i -s",
        "strace": "-p -e -o -s -u",
        "fdisk": "-b -C -H -S",
        "virsh": "-c --connect",
    }.items()
}

PAGERS = word_set("less more most man")
SHELLS = word_set("bash sh zsh dash ash ksh fish")


_MONGO = "--host --port -u -p --username --password --authenticationDatabase"
_MYSQL = "-h -P -u -D --host --port --user --database --defaults-file"
_REDIS = "-h -p -a -n -u -s --user --pass --cacert --cert --key --sni"
_REDIS_DOES = (
    "-x -v --scan --bigkeys --memkeys --hotkeys --rdb --version --help --cluster --eval --pipe --stat --latency"
    " --latency-history --intrinsic-latency"
)
_PSQL = "-h -p -U -d -v -F -R -P -T -o -L --host --port --username --dbname --set"
_PSQL_DOES = "-c -f -l -V -? --command --file --list --version --help"
_CLICKHOUSE = "-h -u -d --host --port --user --password --database"

# A client that opens a prompt of its own: its options with a value, the options that give it something to do, and
# how many positionals come before one that does (-1: none ever does).
CLIENTS: dict[str, tuple[frozenset[str], frozenset[str], int]] = {
    name: (word_set(valued), word_set(does), positionals)
    for name, valued, does, positionals in (
        ("psql", _PSQL, _PSQL_DOES, -1),
        ("mysql", _MYSQL, "-e -V -? --execute --version --help", -1),
        ("mariadb", _MYSQL, "-e -V -? --execute --version --help", -1),
        ("redis-cli", _REDIS, _REDIS_DOES, 0),
        ("mongo", _MONGO, "--eval --version --help", -1),
        ("mongosh", _MONGO, "-f --eval --file --version --help", -1),
        ("sqlite3", "-cmd -separator -init", "-version -help --version", 1),
        ("cqlsh", "-u -p -k --username --password --keyspace", "-e -f --execute --file --version --help", -1),
        ("clickhouse-client", _CLICKHOUSE, "-q --query --queries-file --version --help", -1),
        ("python", "-W -X", "-c -m -V -h --version --help", 0),
        ("python3", "-W -X", "-c -m -V -h --version --help", 0),
        ("node", "-r --require", "-e -p -v --eval --print --version", 0),
        ("irb", "", "--version", 0),
        ("ghci", "", "-e --version", -1),
        ("gdb", "-p -ex -x", "-batch --batch --version", -1),
        ("nslookup", "", "", 0),
        ("bc", "", "--version", 0),
        ("sftp", "-P -i -o -F -J", "-b", -1),
        ("ftp", "", "", -1),
        ("vtysh", "", "-c", -1),
        ("virsh", "-c --connect", "-v --version", 0),
        ("snowsql", "-a -u -d -s -r -w -c", "-q -f", -1),
        ("sqlplus", "", "-V", -1),
        ("beeline", "-u -n -p -d", "-e -f", -1),
        ("hive", "-d --hiveconf -hiveconf --database", "-e -f --version", -1),
        ("spark-shell", "", "-i --version", -1),
        ("pyspark", "", "--version", -1),
        ("ceph", "-c -n -k --cluster --id --conf --name", "-s -v -h --status --version --help", 0),
    )
}
