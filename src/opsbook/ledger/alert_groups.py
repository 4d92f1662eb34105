"""Which alerts wake people together: the key of a group, by labels that are configured. Trusts no sender's grouping.

Words such as a summary are never a part of it: alerts that read the same may be about different things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsbook.ledger.drill_events import LABEL

NAME = "alertname"


def group_key(
    labels: Mapping[str, str], service: str | None, group_by: Sequence[str], *, identity: str, is_drill: bool = False
) -> str:
    """The key of an alert's group, as matchers are written: `{alertname="WebDown", service="web"}`. The service is the
    one that the alert belongs to where no label says it. An alert that has none of the labels, or no name where groups
    are told by it, is a group of its own. A drill is never in one group with what is real, nor
    with another."""
    known = {"service": service, **labels} if service else labels
    found = [f'{name}="{_quoted(value)}"' for name in group_by if (value := known.get(name))]
    key = identity if not found or (NAME in group_by and not labels.get(NAME)) else "{" + ", ".join(found) + "}"
    if not is_drill:
        return key
    return f"drill {labels[LABEL]} {key}" if LABEL in labels else f"drill {key}"


def _quoted(value: str) -> str:
    if value.isalnum():
        return value
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
