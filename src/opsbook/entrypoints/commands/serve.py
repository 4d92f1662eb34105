"""`opsbook serve`: the web door on one address until told to stop. Knows nothing of what is served there."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable

import click

from opsbook.entrypoints.options import Shared, verb

_EXAMPLES = (
    "opsbook serve --open                    in the browser",
    "opsbook serve --book ops --port 8080    another folder, another port",
)


@verb("serve", formats=("text",), examples=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="The address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, metavar="N", type=click.IntRange(0, 65535),
    help="The port to listen on; 0 takes a free one.",
)  # fmt: skip
@click.option("--open", "opens_browser", is_flag=True, help="Open the page in the browser when it is ready.")
def command(shared: Shared, host: str, port: int, opens_browser: bool) -> None:
    """Serve the book on the web; one process, no set-up.

    Prints its address when it is ready, and stops on Ctrl-C or SIGTERM after the requests at hand.
    """
    _stop_when_asked()
    gc.disable()  # until it serves: of what is imported nothing is garbage, and looking for some slows the start
    config = shared.config()
    from opsbook.adapters.nudges import Nudge  # inside, as the rest: --help needs none of it
    from opsbook.entrypoints.cli import report  # inside: it imports this
    from opsbook.entrypoints.listening import listen
    from opsbook.entrypoints.supervisor import Supervisor

    nudge = Nudge()  # from the child that answers to the one that pages
    # Held here, so that whoever answers next has the same port, and who asks in between waits instead of being refused.
    listener = listen(host, port)

    def answers(ready: Callable[[], None], is_first: bool) -> None:
        from opsbook.config import forget_secret_variables
        from opsbook.entrypoints.server import serve  # inside: the web framework is slow to import

        forget_secret_variables()  # those are for steps and messages, which other children see to
        opens = opens_browser and is_first
        serve(config, listener, host=host, opens_browser=opens, ready=ready, nudge=nudge.notify)

    def runs() -> None:
        from opsbook.entrypoints.stepping import run_steps  # inside: only this child executes

        listener.close()
        run_steps(config)

    def pages() -> None:
        from opsbook.entrypoints.paging_child import page_people  # inside: only this child pages

        listener.close()
        page_people(config, nudge)

    others = {"what runs steps": runs, "what pages": pages}
    raise SystemExit(Supervisor(answers, others, report, stopping=listener.close).run())


def _stop_when_asked() -> None:
    """Being asked to stop is no error, while it starts as little as later, when uvicorn stops cleanly by itself and
    then raises the signal again: what is open is closed, and it ends with 0."""

    def stop(*_: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)  # once is enough; what is being closed is not cut short
        raise SystemExit(0)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
