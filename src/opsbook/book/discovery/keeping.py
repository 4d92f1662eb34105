"""How known databases and queues are backed up and restored from where they run, whoever runs them there.

Passwords and names come from the environment of the container itself, so no secret stands in a command. What cannot be
done by one command of the product is told as a step for a person, not invented.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from opsbook.book.discovery.found import FoundOperation, FoundStep
from opsbook.book.discovery.words import quoted

_FILE = ("BACKUP_FILE", "string", "required", "Path of the backup's file, on the machine that runs the step")


class Inside(Struct, frozen=True, kw_only=True):
    """How one gets at the service. `run` gives the command that runs `sh` on a script where the service runs, with the
    step's own input and output. `stop`, `start` and `copy_in` (the backup to a path there) are empty where there is no
    such way."""

    name: str
    run: Callable[[str], str]
    stop: str = ""
    start: str = ""
    copy_in: Callable[[str], str] | None = None
    is_append_only: bool = False  # of Redis: its dump file is not what it starts from


class _Dump(Struct, frozen=True):
    """A database that streams its whole backup out and in. `proof` reads the file there and succeeds if it is whole."""

    what: str
    out: str
    back: str
    proof: str = ""
    note: str = ""
    restored: str = ""


_PG_LOGIN = (
    'export PGPASSWORD="${POSTGRES_PASSWORD:-${POSTGRESQL_PASSWORD:-}}";'
    ' u="${POSTGRES_USER:-${POSTGRESQL_USERNAME:-postgres}}";'
    ' d="${POSTGRES_DB:-${POSTGRESQL_DATABASE:-$u}}";'
)
_MYSQL_LOGIN = (
    'p="${MYSQL_ROOT_PASSWORD:-${MARIADB_ROOT_PASSWORD:-}}";'
    ' f="${MYSQL_ROOT_PASSWORD_FILE:-${MARIADB_ROOT_PASSWORD_FILE:-/dev/null}}";'
    ' export MYSQL_PWD="${p:-$(cat "$f")}";'
)
_MONGO_LOGIN = (
    'if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then set -- --authenticationDatabase admin'
    ' -u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD"; fi;'
)
_DEFINITIONS = "/tmp/definitions.json"

_DUMPS: dict[str, _Dump] = {
    "postgresql": _Dump(
        "the database",
        f'{_PG_LOGIN} exec pg_dump -Fc -U "$u" "$d"',
        f'{_PG_LOGIN} exec pg_restore --clean --if-exists --no-owner --single-transaction -U "$u" -d "$d"',
        "exec pg_restore --list",
        "It holds the one database that the container's variables name; roles are not in it.",
        f'{_PG_LOGIN} exec psql -qAt -U "$u" -d "$d" -c "select 1"',
    ),
    "mysql": _Dump(
        "all databases",
        f"{_MYSQL_LOGIN} exec mysqldump -uroot --single-transaction --routines --events --all-databases",
        f"{_MYSQL_LOGIN} exec mysql -uroot",
        'tail -n 1 | grep -c "Dump completed"',
        "",
        f'{_MYSQL_LOGIN} exec mysql -uroot -e "select 1"',
    ),
    "mariadb": _Dump(
        "all databases",
        f'{_MYSQL_LOGIN} exec "$(command -v mariadb-dump || command -v mysqldump)" -uroot --single-transaction'
        " --routines --events --all-databases",
        f'{_MYSQL_LOGIN} exec "$(command -v mariadb || command -v mysql)" -uroot',
        'tail -n 1 | grep -c "Dump completed"',
        "",
        f'{_MYSQL_LOGIN} exec "$(command -v mariadb || command -v mysql)" -uroot -e "select 1"',
    ),
    "mongodb": _Dump(
        "all databases",
        f'{_MONGO_LOGIN} exec mongodump --quiet --archive --gzip "$@"',
        f'{_MONGO_LOGIN} exec mongorestore --archive --gzip --drop "$@"',
        "exec gzip -t",
    ),
    "rabbitmq": _Dump(
        "the definitions (users, queues, exchanges, policies)",
        f"rabbitmqctl -q export_definitions {_DEFINITIONS} >&2 && cat {_DEFINITIONS} && rm -f {_DEFINITIONS}",
        f"cat >{_DEFINITIONS} && rabbitmqctl -q import_definitions {_DEFINITIONS} && rm -f {_DEFINITIONS}",
        'grep -c "rabbit_version"',
        "The messages that wait in the queues are not in it.",
        "rabbitmq-diagnostics -q ping",
    ),
}
# What has no such command: what somebody must do instead.
_BY_HAND: dict[str, tuple[str, str]] = {
    "elasticsearch": (
        "Take a snapshot into a registered snapshot repository (PUT /_snapshot); the files of a running node are none.",
        "Close or delete the indices, then restore the snapshot.",
    ),
    "kafka": (
        "Topics are kept by replication alone: copy what must outlive the cluster with MirrorMaker.",
        "Create the topics anew and feed them from the copy; set the consumers' offsets.",
    ),
    "minio": (
        "Mirror the buckets to another place with `mc mirror`.",
        "Mirror the copy back with `mc mirror`.",
    ),
    "etcd": (
        "Save a snapshot with `etcdctl snapshot save`, with the cluster's certificates, and copy it away.",
        "Restore the snapshot on every member with `etcdutl snapshot restore`, then start them together.",
    ),
    "clickhouse": (
        "Back up with the statement BACKUP to a disk or bucket that the server is allowed to write.",
        "Restore with the statement RESTORE from there.",
    ),
    "influxdb": (
        "Back up with `influx backup`, with a token that may read everything.",
        "Restore with `influx restore`.",
    ),
    "cassandra": (
        "Take a snapshot on every node with `nodetool snapshot`, and copy the snapshots away.",
        "Stop the node, put the snapshot's files into the tables' folders, start it and repair.",
    ),
}
_BY_HAND["opensearch"] = _BY_HAND["elasticsearch"]
_DANGER = "Replaces what {0} holds now by what the backup's file holds."


def keeping(technology: str, inside: Inside) -> tuple[FoundOperation, ...]:
    """Backup and restore of the service, or nothing for one that is not known to keep anything."""
    dump = _DUMPS.get(technology)
    if dump is not None:
        return _streamed(dump, inside)
    if technology in ("redis", "valkey"):
        return _snapshot_file("redis-cli" if technology == "redis" else "valkey-cli", inside)
    by_hand = _BY_HAND.get(technology)
    if by_hand is None:
        return ()
    return (
        FoundOperation(operation="backup", steps=(FoundStep(by_hand[0]),), note="By hand: nothing here does it."),
        FoundOperation(
            operation="restore",
            steps=(FoundStep(by_hand[1]),),
            danger=_DANGER.format(inside.name),
            note="By hand: nothing here does it.",
        ),
    )


def _into_file(command: str) -> str:
    """The command's output as the backup's file, which is there only once it is whole."""
    return f'umask 077\n{command} </dev/null > "$BACKUP_FILE.part"\nmv -- "$BACKUP_FILE.part" "$BACKUP_FILE"'


def _streamed(dump: _Dump, inside: Inside) -> tuple[FoundOperation, ...]:
    proof = f'{inside.run(dump.proof)} < "$BACKUP_FILE" > /dev/null'
    whole = FoundStep("The backup's file is whole.", proof)
    backup = FoundOperation(
        operation="backup",
        steps=(
            FoundStep(
                f"Write {dump.what} of {inside.name} to a file.",
                _into_file(inside.run(dump.out)),
                'test -s "$BACKUP_FILE"',
            ),
        ),
        verification=(whole,),
        parameters=(_FILE,),
        note=dump.note,
    )
    back = FoundStep(f"Put {dump.what} of the file back.", f'{inside.run(dump.back)} < "$BACKUP_FILE"')
    answers = f"{inside.run(dump.restored)} </dev/null" if dump.restored else ""
    restore = FoundOperation(
        operation="restore",
        steps=(FoundStep("Prove that the backup's file is whole.", proof), back),
        verification=(FoundStep(f"{inside.name} answers.", answers),) if answers else (),
        parameters=(_FILE,),
        danger=_DANGER.format(inside.name),
        note="Stop what writes to it first; take a backup of what is there now.",
    )
    return backup, restore


def _snapshot_file(client: str, inside: Inside) -> tuple[FoundOperation, ...]:
    # The file is asked for by replication, so that the server writes nothing on its own disk for it.
    out = f"{client} --rdb /tmp/backup.rdb >&2 && cat /tmp/backup.rdb && rm -f /tmp/backup.rdb"
    backup = FoundOperation(
        operation="backup",
        steps=(
            FoundStep(
                f"Write all keys of {inside.name} to a file.", _into_file(inside.run(out)), 'test -s "$BACKUP_FILE"'
            ),
        ),
        verification=(FoundStep("The file is a dump of Redis.", 'test "$(head -c 5 -- "$BACKUP_FILE")" = REDIS'),),
        parameters=(_FILE,),
        note="Where a password is set, the container must know it as REDISCLI_AUTH.",
    )
    steps: tuple[FoundStep, ...]
    if inside.is_append_only:
        # Redis reads a dump only where it is not started with an append-only file: its page "Redis persistence".
        steps = (
            FoundStep(f"Take `--appendonly yes` away from how {inside.name} is started; with it, a dump is not read."),
            FoundStep(f"Stop {inside.name}, move its `appendonlydir` aside, put the file in place of `dump.rdb`."),
            FoundStep(f"Start {inside.name}, and see that the keys are there (`{client} dbsize`)."),
            FoundStep(f"Turn it on again (`{client} config set appendonly yes`), which writes the file anew; once"
                      " `aof_rewrite_in_progress` is 0, write `--appendonly yes` back where it was."),
        )  # fmt: skip
    elif not inside.stop or inside.copy_in is None:
        steps = (
            FoundStep(f"Stop {inside.name}, put the file in place of its dump.rdb, start it: it is read only then."),
        )
    else:
        # Stopping writes the dump file, so the copy must come behind it.
        steps = (
            FoundStep(f"Stop {inside.name}.", inside.stop),
            FoundStep("Put the file in place of its dump.", inside.copy_in("/data/dump.rdb")),
            FoundStep(f"Start {inside.name}.", inside.start),
        )
    restore = FoundOperation(
        operation="restore",
        steps=steps,
        verification=(FoundStep(f"{inside.name} holds keys.", inside.run(f"{client} dbsize | grep -cE '^[1-9]'")),),
        parameters=(_FILE,) if any("BACKUP_FILE" in step.command for step in steps) else (),
        danger=_DANGER.format(inside.name),
    )
    return backup, restore


def in_shell(prefix: str) -> Callable[[str], str]:
    """How a script is run by `sh` behind a command that gets somewhere."""
    return lambda script: f"{prefix} sh -c {quoted(script)}".lstrip()
