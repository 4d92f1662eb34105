"""The frame in which an exported site draws diagrams: one file that holds its script, and may reach nothing.

A frame without an origin may load no other file from a disk, so the script stands in it. It is the frame alone that
runs it: the page around it is not its origin, and no page allows a script of its own text.
"""

from __future__ import annotations

from opsbook.usecases.static_site.ports import Assets

DIAGRAM = "diagram.html"
_SCRIPT = "diagram.js"
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " base-uri 'none'; form-action 'none'"
)


def diagram_file(assets: Assets) -> str:
    """The name of the frame's file, which holds the hash of the script."""
    return f"{assets.names.get(_SCRIPT, _SCRIPT).removesuffix('.js')}.html"


def diagram_page(assets: Assets) -> bytes:
    """The frame with its script."""
    page = assets.read(assets.names[DIAGRAM]).decode()
    tag = f'<script src="{assets.names[_SCRIPT]}" defer></script>'
    script = assets.read(assets.names[_SCRIPT]).decode().replace("</script", "<\\/script")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    before, _, after = page.replace("<title>", f"{policy}\n<title>", 1).partition(tag)
    return before.encode() + after.replace("</body>", f"<script>{script}</script></body>", 1).encode()
