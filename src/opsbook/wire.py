"""The only module that knows every adapter: turns a Config into the ports that the verbs take."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from opsbook import __version__
from opsbook.adapters.folder import FolderBook
from opsbook.adapters.workers import ForkedWorkers
from opsbook.book.headings import Headings, shipped_headings
from opsbook.book.lint import LintSettings
from opsbook.book.page import Reading
from opsbook.config import FILE_NAME, Config, authorities
from opsbook.ground.errors import Usage
from opsbook.usecases.ports import Workers

if TYPE_CHECKING:
    from opsbook.adapters.lint_cache import LintCache
    from opsbook.adapters.new_files import NewFiles
    from opsbook.adapters.samples import SampleFile
    from opsbook.adapters.search_index import SearchIndex
    from opsbook.adapters.seed import PackagedSeed
    from opsbook.book.reach import Reach
    from opsbook.usecases.serving_ports import Prober


def build_book(config: Config) -> FolderBook:
    """The book of a configuration, ready to be read."""
    headings = Headings(config.headings) if config.headings else shipped_headings()
    kinds = tuple(config.kinds.items())
    return FolderBook(config.root, config.book, Reading(headings, kinds, link_style(config)[0]))


def build_search_index(config: Config) -> SearchIndex:
    """The search index beside the ledger."""
    from opsbook.adapters.lint_cache import make_state_folder
    from opsbook.adapters.search_index import SearchIndex  # SQLite: only search pays for it

    with suppress(OSError):  # the index tells on its own where it cannot write, and does without a file
        make_state_folder(config.state)
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
    from opsbook.adapters.lint_cache import make_state_folder
    from opsbook.adapters.samples import SampleFile

    with suppress(OSError):  # adding tells on its own where it cannot write
        make_state_folder(config.state)
    return SampleFile(os.path.join(config.state, "samples.db"), told or _told_aloud)


def _told_aloud(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _reach(config: Config) -> Reach:
    from opsbook.book.reach import Reach

    try:
        return Reach(config.probe_allow)
    except ValueError as wrong:
        raise Usage(
            f"{config.place('probes.allow')}: '{wrong}' is neither an address nor a network."
            ' Write such as "169.254.169.254" or "169.254.0.0/16".'
        ) from wrong


def build_seed() -> PackagedSeed:
    """The folder and the templates that come with Opsbook."""
    from opsbook.adapters.seed import PackagedSeed  # only init and new need it

    return PackagedSeed()


def build_file_maker(folder: str) -> NewFiles:
    """What makes new files below a folder."""
    from opsbook.adapters.new_files import NewFiles  # only init and new need it

    return NewFiles(folder)


def person_at(folder: str) -> str | None:
    """Whoever sits at the keyboard, as git knows them."""
    from opsbook.adapters.git_person import git_person  # only new asks

    return git_person(folder)


def build_workers() -> Workers:
    """The processors of this machine; only for a process without other threads."""
    return ForkedWorkers()


def build_lint_cache(config: Config, question: str, owner_files: Sequence[str], rule_files: Sequence[str]) -> LintCache:
    """What remembers the answer to a way of asking; it depends on this program and its configuration too.

    `rule_files` are relative to the root.
    """
    from opsbook.adapters.lint_cache import LintCache

    program = os.path.dirname(os.path.abspath(__file__))
    walked = os.walk(program)
    code = [os.path.join(folder, name) for folder, _, names in walked for name in names if name.endswith(".py")]
    settings = [os.path.join(folder, FILE_NAME) for folder in {config.root, config.book}]
    rules = [os.path.join(config.root, path) for path in rule_files]
    others = [*sorted(code), *sorted(settings), *owner_files, *rules]
    return LintCache(config.state, config.root, question, others)


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
