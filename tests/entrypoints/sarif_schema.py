"""The part of SARIF 2.1.0 (OASIS standard, sections 3.13 to 3.58) that Opsbook writes, as a JSON schema.

Written by hand from the prose of the standard, and stricter than its official schema: every property that is not
named here is refused, so that a new one is first looked up.
"""

from __future__ import annotations

from typing import Any


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "required": required.split(), "properties": properties, "additionalProperties": False,
    }  # fmt: skip


def _list(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_WORDS = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 1}  # 3.30.5: lines and columns count from 1
_OFFSET = {"type": "integer", "minimum": 0}
_MESSAGE = _object("text", text=_WORDS)
# 3.4.3: a relative reference as RFC 3986 has it, and so without spaces and without a scheme.
_ARTIFACT = _object("uri", uri={"type": "string", "pattern": r"^(?![a-zA-Z][a-zA-Z0-9+.-]*:)[A-Za-z0-9._~!$&'()*+,;=:@%/-]+$"})
_BYTES = _object("byteOffset byteLength", byteOffset=_OFFSET, byteLength=_OFFSET)
_REGION = {
    **_object(
        "startLine startColumn", startLine=_COUNT, startColumn=_COUNT, endLine=_COUNT, endColumn=_COUNT,
        byteOffset=_OFFSET, byteLength=_OFFSET,
    ),
    "dependentRequired": {"byteLength": ["byteOffset"], "byteOffset": ["byteLength"]},
}  # fmt: skip
_REPLACEMENT = _object("deletedRegion", deletedRegion=_BYTES, insertedContent=_object("text", text={"type": "string"}))
_CHANGE = _object("artifactLocation replacements", artifactLocation=_ARTIFACT, replacements=_list(_REPLACEMENT, minItems=1))
_RESULT = _object(
    "ruleId message locations",
    ruleId=_WORDS,
    ruleIndex=_OFFSET,
    level={"enum": ["none", "note", "warning", "error"]},
    message=_MESSAGE,
    locations=_list(
        _object("physicalLocation", physicalLocation=_object("artifactLocation", artifactLocation=_ARTIFACT, region=_REGION)),
        minItems=1,
    ),
    fixes=_list(_object("artifactChanges", description=_MESSAGE, artifactChanges=_list(_CHANGE, minItems=1)), uniqueItems=True),
)
_RULE = _object("id", id=_WORDS, name=_WORDS, shortDescription=_MESSAGE, fullDescription=_MESSAGE, help=_MESSAGE, helpUri=_WORDS)
_DRIVER = _object(
    "name",
    name=_WORDS,
    # 3.19.12: Semantic Versioning 2.0.
    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"},
    informationUri=_WORDS,
    rules=_list(_RULE, uniqueItems=True),
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        "version runs",
        **{"$schema": {"type": "string", "pattern": "sarif.*2\\.1\\.0"}},
        version={"const": "2.1.0"},
        runs=_list(
            _object(
                "tool results",
                tool=_object("driver", driver=_DRIVER),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                results=_list(_RESULT),
            ),
            minItems=1,
        ),
    ),
}
