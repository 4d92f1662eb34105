"""The only module that knows every adapter: turns a Config into the ports that the verbs take."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from opsbook import __version__
from opsbook.adapters.folder import FolderBook
from opsbook.adapters.workers import ForkedWorkers
from opsbook.book.headings import Headings, shipped_headings
from opsbook.book.lint import LintSettings
from opsbook.book.page import Reading
from opsbook.config import FILE_NAME, Config, authorities, load
from opsbook.ground.errors import Usage
from opsbook.usecases.lint import Scope
from opsbook.usecases.ports import Alerting, Workers
from opsbook.wire_ledger import build_ledger as build_ledger
from opsbook.wire_ledger import practised
from opsbook.wire_ledger import served_at as served_at
from opsbook.wire_ledger import serving_lock as serving_lock
from opsbook.wire_monitoring import build_monitored as build_monitored

if TYPE_CHECKING:

    from opsbook.adapters.book_disk import Opened
    from opsbook.adapters.deployment_files import DeploymentFolder
    from opsbook.adapters.git_repository import GitBranches, GitRepository
    from opsbook.adapters.lint_cache import LintCache
    from opsbook.adapters.new_files import NewFiles
    from opsbook.adapters.oidc_provider import OidcProvider
    from opsbook.adapters.samples import SampleFile
    from opsbook.adapters.search_index import SearchIndex
    from opsbook.adapters.seed import PackagedSeed
    from opsbook.book.probe_reach import Reach
    from opsbook.usecases.accounts import Accounts
    from opsbook.usecases.gathering import Gathered
    from opsbook.usecases.ledger_ports import EngineLedger
    from opsbook.usecases.library import Book, Library
    from opsbook.usecases.live_library import LiveLibrary
    from opsbook.usecases.search_upkeep import SearchUpkeep
    from opsbook.usecases.senders import Senders
    from opsbook.usecases.serving_ports import Ledger, Prober, Samples
    from opsbook.usecases.watch import LiveWatch


def build_book(config: Config) -> FolderBook:
    """The book of a configuration, ready to be read."""
    headings = Headings(config.headings) if config.headings else shipped_headings()
    kinds = tuple(config.kinds.items())
    return FolderBook(config.root, config.book, Reading(headings, kinds, link_style(config)[0]))


def build_library(
    config: Config, ledger: Ledger | None = None, *, keeps_facts: bool = True,
    verified: Callable[[Book], Mapping[str, bool]] = lambda book: {},
) -> LiveLibrary:  # fmt: skip
    """The book of a configuration, followed from now on in a thread of its own, and ready at once; with a ledger what
    that tells of practice counts, and by `verified` who has proven a contact. Of several processes one alone keeps what
    it derives, and all begin with it."""
    from opsbook.adapters.book_disk import BookDisk  # a server alone follows a book
    from opsbook.adapters.facts_file import FactsFile, ReadFacts
    from opsbook.adapters.spawned_workers import SpawnedWorkers
    from opsbook.usecases.live_library import LiveLibrary
    from opsbook.usecases.practice import Practice, Verified
    from opsbook.wire_calendars import build_calendars

    _make_state_folder(config)  # what is derived is then worked out at each start
    disk = BookDisk(config.root, lambda: _opened(config))
    keep = FactsFile(os.path.join(config.state, "facts.cache"))
    told = Practice(ledger.head, partial(practised, config)) if ledger is not None else dict
    kept = keep if keeps_facts else ReadFacts(keep)
    calendars = build_calendars(config)
    proven = Verified(ledger.head, verified) if ledger is not None else verified
    return LiveLibrary(
        disk, kept, SpawnedWorkers(), date.today, practised=told, calendars=calendars, verified=proven
    )  # fmt: skip


def _make_state_folder(config: Config) -> None:
    """Makes the folder where it can: whoever writes there tells on its own why it cannot."""
    from opsbook.adapters.state_folder import make_state_folder

    with suppress(OSError):
        make_state_folder(config.state)


def build_repository(config: Config) -> GitRepository:
    """The book's history and the one way to change it; finishes or undoes what a kill cut off."""
    from opsbook.adapters.git_repository import GitRepository  # a server alone changes pages by commit

    _make_state_folder(config)  # saving tells on its own where it cannot write
    repository = GitRepository(config.root, config.book, build_book(config), config.state)
    repository.recover()
    return repository


def build_branches(config: Config) -> GitBranches:
    """Commits beside the branch that is checked out."""
    from opsbook.adapters.git_repository import GitBranches  # inside: as above

    return GitBranches(config.root, config.state)


def _opened(first: Config) -> Opened:
    """The book by its configuration as it is now written; where it lies does not change while it is served."""
    from opsbook.adapters.book_disk import Opened

    config = load(book=first.book, db=first.db)
    question = msgspec.json.encode((__version__, lint_scope(config, date.min), config.kinds, config.headings),
                                   order="sorted").decode() + link_style(config)[0]  # fmt: skip
    settings = tuple(sorted({os.path.join(folder, FILE_NAME) for folder in (config.root, config.book)}))
    return Opened(build_book(config), partial(lint_scope, config), question + _program(), settings)


def _program() -> str:
    """Names the code that works with: a change of it changes what it says."""
    return str(max(os.stat(path).st_mtime_ns for path in _code()))


def _code() -> Iterator[str]:
    walked = os.walk(os.path.dirname(os.path.abspath(__file__)))
    return (os.path.join(folder, name) for folder, _, names in walked for name in names if name.endswith(".py"))


def build_watch(config: Config, library: Library, samples: Samples, ledger: Ledger, *, address: str) -> LiveWatch:
    """What asks the probes of a book while it is served at `address`; it begins when it is told to."""
    import random  # this and the rest: a server alone watches
    import time

    from opsbook.book.probe import as_configured
    from opsbook.usecases.probing import LateProber
    from opsbook.usecases.watch import Clocks, LiveWatch, in_background

    def report(sentence: str) -> None:
        _told_aloud(f"opsbook: {sentence}")

    configured = partial(
        as_configured, every_s=config.probe_every_s, timeout_s=config.probe_timeout_s, rewrite=config.probe_rewrite,
        listens=address.partition("://")[2],
    )  # fmt: skip
    clocks = Clocks(_now, time.monotonic, random.random, report, in_background)
    _reach(config)  # what is wrong with it is told at the start, and not when the first probe is due
    prober = LateProber(partial(build_prober, config))
    return LiveWatch(library, prober, samples, ledger, configured=configured, clocks=clocks)


def lint_scope(config: Config, today: date) -> Scope:
    """What lint asks of the whole book by the configuration alone."""
    paths = tuple(os.path.join(config.root, path) for path in config.rule_paths)
    return Scope(
        today=today,
        settings=lint_settings(config),
        select=config.select,
        ignore=config.ignore,
        ignore_in=tuple(config.ignore_in.items()),
        severities=tuple(config.rule_severity.items()),
        alerting=Alerting(paths, config.url_bases, config.runbook_keys),
        dashboards=tuple(os.path.join(config.root, path) for path in config.dashboard_paths),
    )


def build_search_index(config: Config) -> SearchIndex:
    """The search index beside the ledger."""
    from opsbook.adapters.search_index import SearchIndex  # SQLite: only search pays for it

    _make_state_folder(config)  # the index tells on its own where it cannot write, and does without a file
    return SearchIndex(os.path.join(config.state, "search.db"))


def build_prober(config: Config) -> Prober:
    """What asks every kind of probe."""
    from opsbook.adapters.dns_prober import DnsProber
    from opsbook.adapters.http_prober import HttpProber  # libcurl: only probes pay for it
    from opsbook.usecases.probing import Probing

    reach = _reach(config)
    connects = HttpProber(reach, agent=f"Opsbook/{__version__}", authorities=authorities())
    return Probing({"http": connects, "tcp": connects, "tls": connects, "dns": DnsProber(reach)})


def build_samples(config: Config, told: Callable[[str], None] | None = None) -> SampleFile:
    """The readings of probes, in a file of their own beside the ledger; `told`, else whoever reads what goes wrong,
    hears what became of a damaged one."""
    from opsbook.adapters.samples import SampleFile

    _make_state_folder(config)  # adding tells on its own where it cannot write
    return SampleFile(os.path.join(config.state, "samples.db"), told or _told_aloud)


def _told_aloud(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def _now() -> datetime:
    return datetime.now(UTC)


def _reach(config: Config) -> Reach:
    from opsbook.book.probe_reach import Reach

    try:
        return Reach(config.probe_allow)
    except ValueError as wrong:
        raise Usage(
            f"{config.place('probes.allow')}: '{wrong}' is neither an address nor a network."
            ' Write such as "169.254.169.254" or "169.254.0.0/16".'
        ) from wrong


def build_search_upkeep(config: Config, library: LiveLibrary, index: SearchIndex) -> SearchUpkeep:
    """What keeps a search index up with a library, from now on in a thread of its own."""
    from opsbook.adapters.spawned_workers import SpawnedWorkers  # a server alone keeps it up
    from opsbook.usecases.search_upkeep import SearchUpkeep

    return SearchUpkeep(library, index, SpawnedWorkers(1), partial(_bring_up_search, config))


def _bring_up_search(config: Config) -> None:
    """The whole index from the files, for a process of its own."""
    from opsbook.usecases.search_upkeep import bring_up_in_steps

    bring_up_in_steps(build_book(config), build_search_index(config))


def build_seed() -> PackagedSeed:
    """The folder and the templates that come with Opsbook."""
    from opsbook.adapters.seed import PackagedSeed  # only init and new need it

    return PackagedSeed()


def build_deployment_files(config: Config) -> DeploymentFolder:
    """The files of the repository that could deploy something."""
    from opsbook.adapters.deployment_files import DeploymentFolder  # only discovery reads them

    return DeploymentFolder(config.root)


def deployed_services(config: Config) -> Gathered:
    """The services that files of the repository deploy, with their alerts."""
    from opsbook.usecases.gathering import Sought, gathered  # only discovery reads them

    alerting = lint_scope(config, date.min).alerting
    return gathered(build_deployment_files(config), build_book(config), Sought(alerting=alerting))


def build_file_maker(folder: str) -> NewFiles:
    """What makes new files below a folder."""
    from opsbook.adapters.new_files import NewFiles  # only init and new need it

    return NewFiles(folder)


def person_at(folder: str) -> str | None:
    """Whoever sits at the keyboard, as git knows them."""
    from opsbook.adapters.git_person import git_person  # only new asks

    return git_person(folder)


def aliases_at(folder: str) -> tuple[str, ...]:
    """The names that git knows whoever sits at the keyboard by."""
    from opsbook.adapters.git_person import git_email, git_person  # only runs ask

    return tuple(name for name in (git_person(folder), git_email(folder)) if name)


def author_at(folder: str, name: str) -> tuple[str, str]:
    """The name and the address on commits of whoever sits at the keyboard: git's, else `name`."""
    from opsbook.adapters.git_person import git_email, git_person  # inside: as above

    return git_person(folder) or name, git_email(folder) or f"{name}@localhost"


def build_workers() -> Workers:
    """The processors of this machine; only for a process without other threads."""
    return ForkedWorkers()


def build_lint_cache(config: Config, question: str, owner_files: Sequence[str], rule_files: Sequence[str]) -> LintCache:
    """What remembers the answer to a way of asking; it depends on this program and its configuration too.

    `rule_files` are relative to the root.
    """
    from opsbook.adapters.lint_cache import LintCache

    _make_state_folder(config)  # a read-only disk costs the next lint its head start and nothing else
    settings = [os.path.join(folder, FILE_NAME) for folder in {config.root, config.book}]
    rules = [os.path.join(config.root, path) for path in rule_files]
    others = [*sorted(_code()), *sorted(settings), *owner_files, *rules]
    return LintCache(config.state, config.root, question, others)


def build_accounts(config: Config, ledger: Ledger) -> Accounts:
    """The accounts in a ledger."""
    import secrets  # this and the rest: only signing in needs them

    from opsbook.adapters.argon2_hasher import Argon2Hasher
    from opsbook.usecases.accounts import Accounts

    return Accounts(ledger, Argon2Hasher(), chance=secrets.token_bytes, now=_now, session_s=config.session_s)


def build_senders(config: Config, ledger: EngineLedger, nudge: Callable[[], None] = lambda: None) -> Senders:
    """The verbs of inlets and heartbeats over a ledger; `nudge` wakes whoever routes what was received."""
    import secrets  # this and the rest: only what is sent needs them

    from opsbook.usecases.bodies import Bodies
    from opsbook.usecases.heartbeats import Heartbeats
    from opsbook.usecases.inlets import Inlets
    from opsbook.usecases.receive import Receiving
    from opsbook.usecases.senders import Senders

    chance = secrets.token_bytes
    receiving = Receiving(ledger, now=_now, chance=chance, nudge=nudge)
    inlets = Inlets(ledger, now=_now, chance=chance)
    bodies = Bodies(
        ledger, inlets, receiving, now=_now, keep_days=config.raw_keep_days, keep_bytes=config.raw_keep_mb << 20
    )
    return Senders(receiving, inlets, bodies, Heartbeats(ledger, now=_now, chance=chance, nudge=nudge))


def build_provider(config: Config) -> OidcProvider:
    """The provider of sign-ins that a configuration names."""
    from opsbook.adapters.oidc_provider import OidcProvider  # only signing in through one needs it

    place = config.place("oidc.issuer")
    return OidcProvider(config.oidc_issuer, config.oidc_client_id, config.oidc_secret, place=place)


def lint_settings(config: Config) -> LintSettings:
    """What the configuration says about rules."""
    style, site_root = link_style(config)
    return LintSettings(
        stale_days=config.stale_days,
        required=config.required,
        severities=config.severities,
        secrets_allowed=config.secret_allow,
        people=frozenset(config.approvers).union(*config.approvers.values()),
        targets=frozenset(config.hosts).union(config.groups, *config.groups.values()),
        approvers=config.approvers,
        practised_days=config.practised_days,
        link_form=style,
        site_root=site_root,
    )


def link_style(config: Config) -> tuple[str, str]:
    """Whose rules links and anchors follow, and the folder that `/` means there: as configured, else as the files that
    site builders leave in a repository say."""
    root, book = config.root, config.book
    if config.link_style != "auto":
        return config.link_style, config.site_root
    for name in ("mkdocs.yml", "mkdocs.yaml"):
        if os.path.exists(os.path.join(root, name)):
            return "mkdocs", config.site_root or "docs"
    if os.path.exists(os.path.join(root, "content", "_index.md")):
        return "site", config.site_root or "content"
    if os.path.exists(os.path.join(root, "config", "tech-docs.yml")):
        return "site", config.site_root or "source"
    for folder in (root, os.path.join(root, "docs"), book):
        if os.path.exists(os.path.join(folder, "conf.py")):
            return "myst", config.site_root or os.path.relpath(folder, root)
    return "github", config.site_root
