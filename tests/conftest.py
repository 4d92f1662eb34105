"""What all tests may ask for: the corpora, programs of the system, and one closing line of what was absent.

A program that is absent skips a test, and fails it under OPSBOOK_TEST_ALL=1 (which .ci/run sets). Whatever
skips or fails for something absent says `ABSENT: <name>` in its reason; the closing line is drawn from these.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.postgres import PostgresServer
    from tests.sshd import Sshd

ROOT = Path(__file__).resolve().parent.parent
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # programs that tests start would else respect a nohup before the tests

# The default campaign is small and always the same; `make torture` is long, always new, and tells its seed.
_UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "default", max_examples=60, deadline=None, derandomize=True, suppress_health_check=_UNHURRIED
)
settings.register_profile(
    "torture", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=_UNHURRIED
)
PROFILE = os.environ.get("OPSBOOK_HYPOTHESIS", "default")
settings.load_profile(PROFILE)


def is_everything_wanted() -> bool:
    """True where an absent program is a failure."""
    return os.environ.get("OPSBOOK_TEST_ALL", "") not in ("", "0")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """`needs("promtool")` is the path of a program; where it is absent the test is skipped, or fails."""

    def ask(program: str) -> str:
        # Debian keeps servers where only root's PATH looks.
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
        if found is None:
            reason = f"ABSENT: {program} is not installed here"
            if is_everything_wanted():
                pytest.fail(f"{reason}, and OPSBOOK_TEST_ALL=1 wants every test to run", pytrace=False)
            pytest.skip(reason)
        return found

    return ask


@pytest.fixture(scope="session")
def sshd(needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd on loopback, for as long as the tests run."""
    from tests.sshd import running_sshd  # inside: it costs a fifth of a second that few tests need

    with running_sshd(needs("sshd"), tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real runbooks: OPSBOOK_CORPORA, else shared/corpora beside the repository."""
    named = os.environ.get("OPSBOOK_CORPORA")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpora"
    if not folder.is_dir():
        pytest.skip("ABSENT: corpora (real runbooks to read); OPSBOOK_CORPORA may name their folder")
    return folder


@pytest.fixture(scope="session")
def sent() -> Callable[[str], bytes]:
    """`sent("fire-1.json")` is a body as Alertmanager really sent it: of the folder beside that of the corpora."""
    named = os.environ.get("OPSBOOK_CORPORA")
    folder = (Path(named).parent if named else ROOT.parent / "shared") / "payloads"
    if not folder.is_dir():
        pytest.skip("ABSENT: payloads (real webhook bodies to read), looked for beside the corpora")
    return lambda name: (folder / name).read_bytes()


@pytest.fixture(scope="session")
def postgres_server(needs: Callable[[str], str]) -> Iterator[PostgresServer]:
    """A running PostgreSQL, one for each worker. Whoever stops it starts it again."""
    from tests.postgres import postgres_programs, running_postgres

    with running_postgres(postgres_programs() or Path(needs("initdb")).parent) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of a fresh, empty database."""
    return postgres_server.fresh()


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, so that its lines are the last but pytest's own count
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Writes what was absent in one line and, in a long campaign, how many inputs were tried."""
    yield
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    absent = sorted({name for report in reports for name in _absent_in(report)})
    if PROFILE != "default":
        seed = terminalreporter.config.getoption("--hypothesis-seed")
        tried = sum(_tried_in(report) for report in reports)
        terminalreporter.write_line(f"Tried {tried:,} inputs with seed {seed}")
    if absent:
        terminalreporter.write_line(f"Not tested here, absent: {', '.join(absent)}")


def _absent_in(report: object) -> Iterator[str]:
    if isinstance(report, pytest.TestReport | pytest.CollectReport) and report.outcome != "passed":
        said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        yield from re.findall(r"ABSENT: ([\w.-]+)", said)


def _tried_in(report: object) -> int:
    # Hypothesis hands its statistics to its own summary in this way, through xdist too. A campaign of another
    # kind tells its count with record_property("tried", n).
    if not isinstance(report, pytest.TestReport) or report.when != "teardown":
        return 0
    told = sum(int(value) for name, value in report.user_properties if name == "tried")
    passing = re.findall(r"(\d+) passing", str(report.__dict__.get("_hypothesis_stats", "")))
    return told + sum(map(int, passing))
