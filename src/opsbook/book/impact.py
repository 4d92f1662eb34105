"""What an incident does to those who use a service, as people declare it. Rates nothing; `impact_matrix` does.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

DataImpact = Literal["", "none", "at risk", "corrupted", "lost", "exposed"]
Workaround = Literal["", "full", "partial", "none"]


class Impact(Struct, frozen=True):
    """What is hindered: the share of users in per cent, functions by name, what becomes of data, whether security is
    touched, what people can do meanwhile. None and empty are what nobody has said yet. `users` and `business` are the
    sentences of the report's User Impact and Business Impact."""

    users_pct: float | None = None
    functions: tuple[str, ...] = ()
    data: DataImpact = ""
    is_security: bool | None = None
    workaround: Workaround = ""
    regions: tuple[str, ...] = ()
    users: str = ""
    business: str = ""
