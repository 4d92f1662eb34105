"""What a shell script does, as far as a book needs it: variables, secrets, destruction, terminals, names, syntax.

Refuses to run anything and never raises, whatever the text. Every position is a byte offset within the script.
The parser is imported only by the first script that needs it, and most scripts are answered without one.
"""

from opsbook.book.placeholders import substitutions as text_substitutions
from opsbook.book.shell.destruction import Destruction, destructive
from opsbook.book.shell.facts import Assigned, Named, Script, Use, Word
from opsbook.book.shell.names import aliases, calls, defined_functions, uses_sudo_without_n
from opsbook.book.shell.parameters import (
    Exposed,
    Variables,
    is_standard,
    looks_secret,
    secret_on_command_line,
    unquoted_parameters,
    variables,
)
from opsbook.book.shell.syntax import SyntaxProblem, syntax_error
from opsbook.book.shell.terminal import Interactive, needs_terminal, never_ends
from opsbook.book.shell.walk import read

__all__ = [
    "Assigned",
    "Destruction",
    "Exposed",
    "Interactive",
    "Named",
    "Script",
    "SyntaxProblem",
    "Use",
    "Variables",
    "Word",
    "aliases",
    "calls",
    "defined_functions",
    "destructive",
    "is_standard",
    "looks_secret",
    "needs_terminal",
    "never_ends",
    "read",
    "secret_on_command_line",
    "syntax_error",
    "text_substitutions",
    "unquoted_parameters",
    "uses_sudo_without_n",
    "variables",
]
