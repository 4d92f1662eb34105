"""`opsbook probe`: asks the health checks of the book once, side by side, with a table that fills while they answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from opsbook.entrypoints.options import Shared, verb

if TYPE_CHECKING:
    from opsbook.book.probe import Probe
    from opsbook.usecases.probe import Asked
    from opsbook.usecases.serving_ports import Prober


@verb(
    "probe",
    examples=(
        "opsbook probe                  every health check of the book",
        "opsbook probe api web          those of two services",
        "opsbook probe --format json    with every reading",
    ),
)
@click.argument("services", nargs=-1, metavar="[SERVICE]…")
def command(shared: Shared, services: tuple[str, ...]) -> int:
    """Ask the health checks of the book once, side by side.

    SERVICE is the name of a service, or of its runbook. Exits 1 when any of them is unhealthy.
    """
    from functools import partial

    from opsbook.book.probe import as_configured
    from opsbook.config_check import check_probing
    from opsbook.usecases.probe import probe_model, probes_in
    from opsbook.wire import build_book, build_prober

    config = shared.config()
    check_probing(config)
    configured = partial(
        as_configured, every_s=config.probe_every_s, timeout_s=config.probe_timeout_s, rewrite=config.probe_rewrite
    )
    probes = probes_in(build_book(config), services, configured)
    asked = _ask(build_prober(config), probes, is_quiet=shared.format == "json") if probes else []
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(probe_model(asked)) + b"\n")
    else:
        from opsbook.entrypoints.shown.probes import as_text
        from opsbook.entrypoints.shown.terminal import terminal_width

        for line in as_text(asked, terminal_width()):
            click.echo(line)
    return 1 if any(each.state != "healthy" for each in asked) else 0


def _ask(prober: Prober, probes: list[Probe], *, is_quiet: bool) -> list[Asked]:
    from opsbook.entrypoints.shown.live import can_redraw, redrawn
    from opsbook.entrypoints.shown.probes import as_lines
    from opsbook.entrypoints.shown.terminal import NARROWEST, terminal_width
    from opsbook.usecases.probe import Asked, ask_once

    if is_quiet or not can_redraw(len(probes)):
        return ask_once(prober, probes, lambda _asked: None)
    shown = {probe.key: Asked(probe) for probe in probes}
    with redrawn(lambda: as_lines(list(shown.values()), terminal_width() or NARROWEST)) as draw:

        def tell(asked: Asked) -> None:
            shown[asked.probe.key] = asked
            draw()

        return ask_once(prober, probes, tell)
