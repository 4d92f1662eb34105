"""One frozen Config from opsbook.toml and OPSBOOK_*; nothing else reads the environment. Reads no page.

`FIELDS` in `config_file.py` is the one list of what may stand in the file; docs/configuration.md tells each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsbook.ground.errors import Usage

FILE_NAME = "opsbook.toml"
DEFAULT_BOOK = "docs/operations"
# Debian, Fedora, Alpine and macOS, openSUSE.
_AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_SECRET = "OPSBOOK_SECRET_"
LOOKED_AT_MOST = 4000  # entries of the working directory that are looked at for a page before giving up


class Config(Struct, frozen=True, kw_only=True):
    """All that is configured. `root`, `book`, `state` are absolute; every other path is relative to `root`.

    root         the repository: the nearest parent of the book with .git, else the book itself
    book         the folder of pages
    state        the folder for what Opsbook itself writes (ledger, index); it may not exist yet
    db           the ledger's URL, a SQLite path made absolute
    file         the configuration file, relative to `root` where it lies within, or None
    lines        the line of each key that stands in it, by its dotted name
    """

    root: str
    book: str
    state: str
    db: str
    file: str | None = None
    node: str = ""  # from OPSBOOK_NODE alone: the file is the same on every node; "" is this machine's own name
    lines: dict[str, int] = {}

    kinds: dict[str, str] = {}  # glob → kind of page
    headings: dict[str, tuple[str, ...]] = {}  # slot → further words for it
    required: dict[str, tuple[str, ...]] = {}  # kind → slots it must have, for the changed kinds
    severities: dict[str, str] = {}  # a word used on pages or in alert rules → P0…P3

    hosts: dict[str, str] = {}  # host → its address, "" for its own name
    groups: dict[str, tuple[str, ...]] = {}  # group → its hosts
    approvers: dict[str, tuple[str, ...]] = {}  # group of approvers → its people

    link_style: str = "auto"  # auto | github | mkdocs | myst | site
    site_root: str = ""  # where a link that begins with / starts, for style "site"

    rule_paths: tuple[str, ...] = ()
    runbook_keys: tuple[str, ...] = ("runbook_url", "runbook", "documentation", "SOP")
    url_bases: dict[str, str] = {}  # web address of the runbooks → folder

    select: tuple[str, ...] = ()  # empty: all rules
    ignore: tuple[str, ...] = ()
    ignore_in: dict[str, tuple[str, ...]] = {}  # glob → rules not applied there
    rule_severity: dict[str, str] = {}  # rule → error | warning | info | off
    fail_on: str = "error"
    stale_days: int = 180
    practised_days: int = 90
    secret_allow: tuple[str, ...] = ()  # globs of texts that look like secrets and are none

    probe_every_s: float = 60.0  # where a page does not say how often
    probe_timeout_s: float = 10.0
    probe_allow: tuple[str, ...] = ()  # addresses and networks that are asked although they are refused by default
    probe_rewrite: dict[str, str] = {}  # host:port as written → host:port to ask, "self" for where this server listens

    serve_hosts: tuple[str, ...] = ()  # further names that people reach the server by
    public_url: str = ""  # the address that people use, where it is not the one listened on
    trusted_proxies: tuple[str, ...] = ()  # addresses and networks whose X-Forwarded headers are believed
    session_s: float = 43_200.0  # how long a sign-in lasts

    prometheus_url: str = ""  # the Prometheus that is compared with the pages and asked for graphs; "" is none
    prometheus_token: str = ""  # env:NAME of the secret that it is asked with
    prometheus_timeout_s: float = 5.0
    grafana_url: str = ""  # where people open dashboards
    dashboard_paths: tuple[str, ...] = ()  # files and folders of dashboards as Grafana exports them
    drill_sandbox: tuple[str, ...] = ()  # hosts and groups on which scheduled drills may run procedures

    status_url: str = ""  # where customers read the public status page, where that is not at this server
    status_export: str = ""  # the folder that it is written to; "" is none
    status_every_s: float = 120.0  # how old what is written there may become
    status_push: tuple[str, ...] = ()  # the program that takes the folder elsewhere, which is put behind its words

    run_trusted: tuple[str, ...] = ()  # PAGE#ANCHOR of procedures that may run although no person started them
    run_branches: tuple[str, ...] = ("main", "master")  # only what is committed on these runs so
    run_lease_s: float = 15.0  # after so long without a sign of life another runner takes a run over
    run_keep_days: int = 90  # outputs of runs
    run_keep_mb: int = 2048

    ssh_user: str = ""  # where a host's address names none
    ssh_keys: tuple[str, ...] = ()  # files of private keys; empty: the agent's and those of ~/.ssh
    ssh_known_hosts: str = ""  # the file of pinned host keys; "" is ~/.ssh/known_hosts
    ssh_python: str = "python3"  # what runs the small program that watches over steps there
    secrets: dict[str, tuple[str, ...]] = {}  # source of secrets → the command that prints one, its path put behind
    secret_folder: str = ""  # what `file:` sources are below; "" is none

    group_by: tuple[str, ...] = ("alertname", "service")  # labels that tell one group of alerts from another
    flap_window_s: float = 600.0  # an alert that fires again so soon after its end is the same one
    resolve_timeout_s: float = 300.0  # how long an alert counts that does not say when it ends, and is not sent again
    raw_keep_days: int = 30  # what inlets received, byte for byte
    raw_keep_mb: int = 1024
    inlet_tokens: str = "off-loopback"  # off-loopback | always: where whoever sends must show a token
    reconcile: dict[str, str] = {}  # inlet → address of the Alertmanager or Prometheus that is asked what fires
    mail_port: int = 0  # where alerts are taken by e-mail; 0 is nowhere

    smtp: str = ""  # smtp://USER@HOST:PORT or smtps://…; the password is the secret SMTP_PASSWORD
    mail_from: str = ""
    channels: dict[str, str] = {}  # a channel or kind of contact → env:NAME or an address, {address} stands for whose
    notify_timeout_s: float = 15.0  # how long one attempt to hand a message over may take
    webhook_secret: str = ""  # env:NAME of the secret that webhooks are signed with

    catch_all: tuple[str, ...] = ()  # who is paged when nobody else would be
    ack_timeout_s: float = 1800.0  # an acknowledged page wakes people again when nothing was mended for so long
    quiet_severities: tuple[str, ...] = ("P2", "P3")  # these wait for the end of somebody's quiet hours
    paging_lease_s: float = 10.0  # after so long without a sign of life another node pages
    dead_man: str = ""  # an address outside that is told of each clean cycle
    synthetic: tuple[str, ...] = ()  # who gets the page that proves the whole path
    synthetic_every_s: float = 604_800.0

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_secret: str = ""  # from OPSBOOK_OIDC_SECRET alone: a file of the repository is no place for it
    oidc_scopes: tuple[str, ...] = ("openid", "email", "profile")
    oidc_role_claim: str = "groups"
    oidc_roles: dict[str, str] = {}  # a value of that claim → role
    oidc_default_role: str = "viewer"

    def place(self, key: str) -> str:
        """Where a key of the file stands, as file:line, for a message about its value."""
        return f"{self.file or FILE_NAME}:{self.lines.get(key, 1)}"

    def path(self, written: str) -> str:
        """A path of the file, made absolute; `~` is the home of whoever runs Opsbook."""
        return _absolute(written, self.root)


def load(
    *,
    book: str | None = None,
    db: str | None = None,
    near: str | None = None,
    environ: Mapping[str, str] | None = None,
    here: str | None = None,
) -> Config:
    """The Config for a book: `book`, else OPSBOOK_BOOK, else the file's, else the nearest docs/operations.

    `near` is a page or folder that the caller named: the search begins there, and when no book holds it, its
    own folder is the book. Without it the search begins in the working directory `here`, which is itself the
    book when it holds pages in some other layout. Raises Usage when there is none, or when the file is wrong.
    """
    environ = os.environ if environ is None else environ
    here = os.getcwd() if here is None else here
    named = book or environ.get("OPSBOOK_BOOK")
    folder = _named(named, here) if named else _found(near, here)
    root = repository_root(folder)
    file = next((path for path in _files(folder, root) if os.path.isfile(path)), None)
    settings, lines = _read(file, root) if file else ({}, {})
    settings.pop("book", None)  # told where to look; it was followed in _found
    url = db or environ.get("OPSBOOK_DB")
    written = settings.pop("db", None)
    address = _database(url, here) if url else _database(written or "sqlite:///.opsbook/opsbook.db", root)
    return Config(
        root=root, book=folder, db=address, state=_state(address, root),
        oidc_secret=environ.get("OPSBOOK_OIDC_SECRET", ""), node=_node(environ),
        file=_shown(file, root), lines=lines, **settings,
    )  # fmt: skip


def new_book(
    book: str | None = None, *, environ: Mapping[str, str] | None = None, here: str | None = None
) -> str:
    """The folder that a new book is written to: `book`, else OPSBOOK_BOOK, else docs/operations at the root.

    The root is the repository's, and the working directory where there is none. The folder need not be there.
    """
    environ = os.environ if environ is None else environ
    here = os.getcwd() if here is None else here
    named = book or environ.get("OPSBOOK_BOOK")
    return _absolute(named, here) if named else _join(repository_root(here), DEFAULT_BOOK)


def wants_colour(environ: Mapping[str, str] | None = None) -> bool | None:
    """False for NO_COLOR or a dumb terminal, True for FORCE_COLOR, None to let the terminal decide."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return True if environ.get("FORCE_COLOR") else None


def is_dumb(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal says that it can do nothing but print."""
    return (os.environ if environ is None else environ).get("TERM", "dumb") == "dumb"


def wants_debug(environ: Mapping[str, str] | None = None) -> bool:
    """True when OPSBOOK_DEBUG asks for the traceback of a bug."""
    environ = os.environ if environ is None else environ
    return environ.get("OPSBOOK_DEBUG", "") not in ("", "0")


def token(environ: Mapping[str, str] | None = None) -> str:
    """The token of the account that somebody at a terminal acts as: OPSBOOK_TOKEN, "" where there is none."""
    return (os.environ if environ is None else environ).get("OPSBOOK_TOKEN", "").strip()


def local_zone(environ: Mapping[str, str] | None = None) -> str:
    """The time zone of whoever sits at the terminal, such as Europe/Berlin; UTC where the machine names none."""
    named = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    if named and not named.startswith("/"):
        return named
    _, is_one, zone = os.path.realpath(named or "/etc/localtime").rpartition("/zoneinfo/")
    return zone if is_one else "UTC"


def authorities(environ: Mapping[str, str] | None = None) -> str:
    """The file of certificates that are trusted: SSL_CERT_FILE, else the system's; "" where it has none.

    Named to the probes, because the libraries of their wheels look where the machine that built them had it.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("SSL_CERT_FILE")
    return named or next(filter(os.path.isfile, _AUTHORITIES), "")


def secret_variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The secrets that the environment holds as OPSBOOK_SECRET_NAME, by NAME. No Config has them: it may be shown."""
    environ = os.environ if environ is None else environ
    return {name.removeprefix(_SECRET): value for name, value in environ.items() if name.startswith(_SECRET)}


def variable_for_steps(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """A variable of this environment that a step names (`env=` of its fence); None where it is not set, and for those
    that are meant for Opsbook alone."""
    return None if name.startswith("OPSBOOK_") else (os.environ if environ is None else environ).get(name)


def forget_secret_variables() -> None:
    """Takes them out of this process, for good: also out of what /proc/PID/environ shows of it. For one that executes
    nothing, before it has threads."""
    for name in [name for name in os.environ if name.startswith(_SECRET)]:
        _wipe(name)
        del os.environ[name]


def _wipe(name: str) -> None:
    """Overwrites a value where it lies in memory. Of a forked process that is a copy, and its parent's stays."""
    import ctypes  # inside: only where there is something to forget

    find = ctypes.CDLL(None).getenv
    find.restype, find.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    place = find(os.fsencode(name))
    if place:
        ctypes.memset(place, 0, len(ctypes.string_at(place)))


def environment_of_programs(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What programs that print secrets are given: the environment without what is meant for Opsbook alone."""
    environ = os.environ if environ is None else environ
    return {name: value for name, value in environ.items() if not name.startswith("OPSBOOK_")}


def repository_root(folder: str) -> str:
    """The nearest folder at or above with .git in it, else the folder itself."""
    return next((each for each in _upward(folder) if os.path.exists(_join(each, ".git"))), folder)


def _node(environ: Mapping[str, str]) -> str:
    """The node's name that the environment gives: one word, for it is a part of the names of leases."""
    name = environ.get("OPSBOOK_NODE", "").strip()
    if len(name) > 100 or not all(each.isalnum() or each in "-._" for each in name):
        raise Usage(
            f"OPSBOOK_NODE is '{name[:100]}', which is no name of a node. Write at most 100 letters, digits, '-', '.'"
            " and '_', such as db-east-1."
        )
    return name


def _files(folder: str, root: str) -> tuple[str, str]:
    return _join(folder, FILE_NAME), _join(root, FILE_NAME)


def _named(book: str, here: str) -> str:
    folder = _absolute(book, here)
    if os.path.isdir(folder):
        return folder
    if os.path.exists(folder):
        raise Usage(f"The book '{book}' is a file. Name the folder of pages that it lies in.")
    raise Usage(f"There is no folder '{book}'. Name one with --book DIR, or write one with 'opsbook init'.")


def _found(near: str | None, here: str) -> str:
    if near is not None:
        start = _absolute(near, here)
        start = start if os.path.isdir(start) else os.path.dirname(start)
        book = _nearest(start)
        return book if book is not None and _holds(book, start) else start
    book = _nearest(here)
    if book is not None:
        return book
    if here not in (os.path.expanduser("~"), os.sep) and _has_page(here):
        return here
    raise Usage(
        f"No book is here: no {DEFAULT_BOOK} at or above the working directory, and no Markdown page in it."
        " Name its folder with --book DIR, or write a new one with 'opsbook init'."
    )


def _nearest(start: str) -> str | None:
    for folder in _upward(start):
        file = _join(folder, FILE_NAME)
        if os.path.isfile(file):
            written = _read(file, folder)[0].get("book")
            if written is not None:
                return _named(_join(folder, written), folder)
        if os.path.isdir(_join(folder, DEFAULT_BOOK)):
            return _join(folder, DEFAULT_BOOK)
    return None


def _has_page(folder: str) -> bool:
    looked = 0
    for _, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        if any(name.lower().endswith((".md", ".markdown")) for name in files):
            return True
        looked += len(folders) + len(files)
        if looked > LOOKED_AT_MOST:
            return False
    return False


def _read(file: str, root: str) -> tuple[dict[str, Any], dict[str, int]]:
    from opsbook.config_file import read_settings  # inside: most folders have no such file

    try:
        with open(file, "rb") as stream:
            content = stream.read()
    except OSError as wrong:
        raise Usage(f"{_shown(file, root)} cannot be read: {wrong.strerror}.") from wrong
    return read_settings(content, _shown(file, root) or file)


def _database(url: str, base: str) -> str:
    if url.startswith(("postgresql://", "postgres://")):
        return url
    if url.startswith("sqlite:///"):
        return "sqlite:///" + _absolute(url.removeprefix("sqlite:///"), base)
    scheme = url.partition(":")[0]  # never the whole of it: an address may hold a password
    raise Usage(
        f"The ledger's address begins with '{scheme}'. Write sqlite:///FILE or postgresql://USER@HOST/NAME."
    )


def _state(address: str, root: str) -> str:
    if address.startswith("sqlite:///"):
        return os.path.dirname(address.removeprefix("sqlite:///"))
    return _join(root, ".opsbook")


def _shown(file: str | None, root: str) -> str | None:
    return os.path.relpath(file, root).replace(os.sep, "/") if file and _holds(root, file) else file


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _upward(folder: str) -> list[str]:
    folders = [folder]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    return folders


def _absolute(path: str, base: str) -> str:
    return os.path.normpath(_join(base, os.path.expanduser(path)))


def _join(folder: str, name: str) -> str:
    return os.path.join(folder, name)
