"""The grammar of what procedures say in their bold labels, fences and parameter tables: words to values.

Each `read_…` gives a frozen value or a `Problem` with words; none raises, whatever it is given, and none acts.
"""

from __future__ import annotations

from opsbook.book.grammar.condition import When, read_when
from opsbook.book.grammar.fence import ATTRIBUTES, Fence, read_attributes, read_fence
from opsbook.book.grammar.limits import (
    DryRun,
    Repeat,
    Retry,
    UndoSteps,
    read_dry_run,
    read_repeat,
    read_retry,
    read_time_limit,
    read_undo_steps,
)
from opsbook.book.grammar.outcome import Ask, Capture, Expect, read_ask, read_capture, read_expect
from opsbook.book.grammar.parameter_type import ParameterType, read_type
from opsbook.book.grammar.problem import Problem
from opsbook.book.grammar.whom import (
    Approval,
    RunOn,
    Secret,
    read_approval,
    read_run_on,
    read_secret,
    read_secrets,
)
from opsbook.book.grammar.words import leading_code, name_problem, variable

__all__ = [
    "ATTRIBUTES",
    "Approval",
    "Ask",
    "Capture",
    "DryRun",
    "Expect",
    "Fence",
    "ParameterType",
    "Problem",
    "Repeat",
    "Retry",
    "RunOn",
    "Secret",
    "UndoSteps",
    "When",
    "leading_code",
    "name_problem",
    "read_approval",
    "read_ask",
    "read_attributes",
    "read_capture",
    "read_dry_run",
    "read_expect",
    "read_fence",
    "read_repeat",
    "read_retry",
    "read_run_on",
    "read_secret",
    "read_secrets",
    "read_time_limit",
    "read_type",
    "read_undo_steps",
    "read_when",
    "variable",
]
