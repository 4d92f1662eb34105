"""The rules of lint that a procedure must keep to be run at all: what breaks them cannot work, or is not safe."""

from __future__ import annotations

from opsbook.book.lint import PageCheck
from opsbook.book.rules.procedures import (
    capture_without_group,
    conflicting_fields,
    empty_command,
    invalid_regex,
    needs_terminal,
    secret_on_command_line,
    step_placeholder,
    step_without_text,
    text_substitution,
    undo_steps_without_undo,
    unknown_field,
)

HINDERING: tuple[PageCheck, ...] = (
    step_placeholder.check, text_substitution.check, empty_command.check, needs_terminal.check,
    secret_on_command_line.check, unknown_field.check, conflicting_fields.check, capture_without_group.check,
    invalid_regex.check, undo_steps_without_undo.check, step_without_text.check,
)  # fmt: skip
