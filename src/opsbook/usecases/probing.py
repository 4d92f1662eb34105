"""Sends each probe to the prober of its kind, all of them side by side; asks no endpoint itself.

The threads here only wait for what a prober does; readings are told by one of them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from opsbook.book.probe import Probe, ProbeKind
from opsbook.ledger.health import Reading
from opsbook.usecases.serving_ports import Prober

Tell = Callable[[Probe, Reading], None]
IN_FLIGHT = 32


class Probing:
    """A `Prober` of all kinds, made of one for each; one may be for several."""

    def __init__(self, by_kind: Mapping[ProbeKind, Prober]) -> None:
        self._by_kind = by_kind

    def ask(self, probes: Sequence[Probe], tell: Tell) -> None:
        """Asks all of them, each prober in a thread of its own where there are several."""
        groups: dict[int, tuple[Prober, list[Probe]]] = {}
        for probe in probes:
            prober = self._by_kind[probe.kind]
            groups.setdefault(id(prober), (prober, []))[1].append(probe)
        telling = tell if len(groups) == 1 else _in_turn(tell)
        jobs = [_job(prober, group, telling) for prober, group in groups.values()]
        if len(jobs) == 1:
            jobs[0]()
        elif jobs:
            _run_all(jobs)


class LateProber:
    """A `Prober` that is built when it is first asked: a server is ready before its probers' libraries are."""

    def __init__(self, build: Callable[[], Prober]) -> None:
        self._build = build
        self._built: Prober | None = None
        self._lock = Lock()

    def ask(self, probes: Sequence[Probe], tell: Tell) -> None:
        """Asks as the built prober does."""
        with self._lock:
            self._built = self._built or self._build()
        self._built.ask(probes, tell)


def ask_side_by_side(
    probes: Sequence[Probe], ask_one: Callable[[Probe], Reading], tell: Tell, in_flight: int = IN_FLIGHT
) -> None:
    """Asks each with `ask_one`, which blocks, in at most `in_flight` threads; tells one reading at a time."""
    waiting = iter(probes)
    taking, telling = Lock(), _in_turn(tell)

    def work() -> None:
        while (probe := _next(waiting, taking)) is not None:
            telling(probe, ask_one(probe))

    workers = min(in_flight, len(probes))
    if workers == 1:
        work()
    elif workers:
        _run_all([work] * workers)


def _job(prober: Prober, probes: Sequence[Probe], tell: Tell) -> Callable[[], None]:
    return lambda: prober.ask(probes, tell)


def _in_turn(tell: Tell) -> Tell:
    lock = Lock()

    def tell_alone(probe: Probe, reading: Reading) -> None:
        with lock:
            tell(probe, reading)

    return tell_alone


def _next(waiting: Iterable[Probe], taking: Lock) -> Probe | None:
    with taking:
        return next(iter(waiting), None)


def _run_all(jobs: Sequence[Callable[[], None]]) -> None:
    """Runs the jobs in threads and waits for all; what one of them raised is raised here."""
    with ThreadPoolExecutor(len(jobs), thread_name_prefix="probing") as pool:
        running = [pool.submit(job) for job in jobs]
    for each in running:
        each.result()
