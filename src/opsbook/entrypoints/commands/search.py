"""`opsbook search`: ranked sections, as text or JSON; a pasted error may come on standard input."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.options import Shared, verb


@verb(
    "search",
    examples=(
        "opsbook search restart payments         the sections about it, best first",
        'opsbook search "connection refused" -staging',
        "journalctl -u api -n 20 | opsbook search -    the entry for a pasted error",
    ),
)
@click.argument("words", nargs=-1, required=True, metavar="WORDS…")
@click.option("--limit", default=10, show_default=True, metavar="N", type=click.IntRange(1, 200), help="Most hits.")
def command(shared: Shared, words: tuple[str, ...], limit: int) -> int:
    """Find the sections that answer WORDS; `-` reads them from standard input.

    Words are prefixes of one another while none fits whole; "quoted words" stand together; -word leaves out. Exits 1
    when nothing is found.
    """
    from opsbook.usecases.search import search, search_model
    from opsbook.wire import build_book, build_search_index

    text = sys.stdin.read() if words == ("-",) else " ".join(words)
    config = shared.config()
    answer = search(build_book(config), build_search_index(config), text, limit)
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(search_model(answer)) + b"\n")
    else:
        from opsbook.entrypoints.shown.hits import as_text

        for line in as_text(answer):
            click.echo(line)
    return 0 if answer.hits else 1
