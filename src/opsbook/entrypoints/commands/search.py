"""`opsbook search`: ranked sections, as text or JSON; a pasted error may come on standard input."""

from __future__ import annotations

import sys

import click

from opsbook.entrypoints.options import Shared, verb


@verb(
    "search",
    context_settings={"ignore_unknown_options": True},  # `-staging` is a word to leave out
    examples=(
        "opsbook search restart payments                 the sections about it",
        'opsbook search "connection refused" -staging    together, and not that one',
        "journalctl -u api -n 20 | opsbook search -      the entry for an error",
    ),
)
@click.argument("words", type=click.UNPROCESSED, nargs=-1, required=True, metavar="WORDS…")
@click.option("--limit", default=10, show_default=True, metavar="N", type=click.IntRange(1, 200), help="Most hits.")
def command(shared: Shared, words: tuple[str, ...], limit: int) -> int:
    """Find the sections that answer WORDS; `-` reads them from standard input.

    The last word may be the beginning of one; "quoted words" stand together; -word leaves out. A pasted error is
    searched by what it says, without its numbers and ids. Exits 1 when nothing is found.
    """
    from opsbook.usecases.search import search, search_model
    from opsbook.wire import build_book, build_search_index

    text = sys.stdin.read() if words == ("-",) else " ".join(map(_as_typed, words))
    config = shared.config()
    answer = search(build_book(config), build_search_index(config), text, limit)
    if shared.format == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(search_model(answer)) + b"\n")
    else:
        from opsbook.entrypoints.shown.hits import as_text
        from opsbook.entrypoints.shown.terminal import terminal_width

        for line in as_text(answer, terminal_width()):
            click.echo(line)
    return 0 if answer.hits else 1


def _as_typed(word: str) -> str:
    """A word of the command line; one that holds spaces was quoted, and the shell took the quotes."""
    if '"' in word or not any(c.isspace() for c in word):
        return word
    return f'-"{word[1:]}"' if word.startswith("-") else f'"{word}"'
