"""`secret-on-command-line`: a secret among a command's arguments. Every user of the machine can read it there."""

from __future__ import annotations

from collections.abc import Iterator

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.book.parts import parts_of
from opsbook.book.shell_texts import scripts
from opsbook.ground.errors import Finding


@page_rule("secret-on-command-line", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    parts = parts_of(page)
    if "$" not in parts.text:
        return
    from opsbook.book.field_values import secret_names  # within: most pages hold no variable
    from opsbook.book.shell.parameters import secret_on_command_line

    secrets = {procedure.anchor: secret_names(procedure) for procedure in parts.procedures}
    for script in scripts(page):
        if "$" not in script.text:
            continue
        declared = secrets[script.procedure.anchor]
        exposed = {found.start: found for found in secret_on_command_line(script.text)}
        exposed.update((found.start, found) for found in secret_on_command_line(script.text, declared) if declared)
        for start in sorted(exposed):
            found = exposed[start]
            yield page.finding(
                "secret-on-command-line",
                "error" if found.named else "warning",  # by its name alone it may be none
                script.place(page, found.start, found.end),
                f"${found.name} {'is' if found.named else 'looks like'} a secret, and '{found.program}' gets it as an "
                "argument, which `ps` shows.",
                fix=_instead(found.program, found.name),
            )


def _instead(program: str, name: str) -> str:
    by_program = {
        "psql": f'Write PGPASSWORD="${name}" before the command.',
        "mysql": f'Write MYSQL_PWD="${name}" before the command.',
        "redis-cli": f'Write REDISCLI_AUTH="${name}" before the command.',
        "curl": "Give curl the header or the user on its input: `curl --config -` with a here-document.",
    }
    return by_program.get(program, "Give it by environment, by a file or on the input; a here-document is not shown.")
