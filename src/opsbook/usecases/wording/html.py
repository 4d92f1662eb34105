"""A message as an HTML e-mail: one column, no image, no script, nothing fetched. Everything from outside is escaped.

Mail programs know tables and styles on the tag; what lies in `<style>` is for those that know dark mode and narrow
screens, and nothing is lost without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from opsbook.usecases.wording.plain import lead
from opsbook.usecases.wording.told import COMMAND, SectionTold, Told

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px"
_COLOURS = {"P0": "#a4161a", "P1": "#b3400a", "P2": "#8a5a00", "P3": "#44546a"}
_CALM, _TEST = "#1d6b3a", "#1f5fa8"
_STYLE = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#14161a!important}.card{background:#1e2127!important}
.text,.text a{color:#e7e9ec!important}.quiet,.quiet a{color:#a9b0ba!important}
.line{border-color:#343a43!important}.code{background:#2a2f37!important;color:#e7e9ec!important}
.text a.link,.quiet a.link{color:#8fbcff!important}}
@media (max-width:480px){.card{padding:16px!important}.answer a{display:block!important;text-align:center!important}}
"""


def html_of(told: Told) -> str:
    """The whole document."""
    return document(told.title, lead(told), "".join(_parts(told)), _colour(told))


def document(title: str, preview: str, body: str, colour: str) -> str:
    """A document around parts that are HTML already; `preview` is what lists of mails show behind the subject."""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<style>{_STYLE}</style></head>\n"
        '<body class="page" style="margin:0;padding:0;background:#eef0f3">'
        f'<div style="display:none;max-height:0;overflow:hidden">{escape(preview)}</div>\n'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0"'
        ' style="background:#eef0f3"><tr><td align="center" style="padding:12px">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"'
        ' style="max-width:640px;text-align:left"><tr>'
        f'<td style="background:{colour};height:6px;line-height:6px;font-size:0;border-radius:8px 8px 0 0">&nbsp;</td>'
        '</tr><tr><td class="card text" style="background:#ffffff;padding:24px;border-radius:0 0 8px 8px;'
        f'color:#1b1f24;font-size:16px;line-height:1.5;{_FONT}">\n{body}</td></tr></table>\n</td></tr></table>'
        "</body></html>\n"
    )  # fmt: skip


def _parts(told: Told) -> Iterator[str]:
    yield badge(told)
    yield f'<h1 style="margin:8px 0 4px;font-size:22px;line-height:1.3">{escape(told.subject)}</h1>\n'
    yield quiet(lead(told))
    for note in told.notes:
        yield f'<p class="text" style="margin:12px 0;font-weight:600">{escape(note)}</p>\n'
    if told.code:
        yield _code(told.code)
    if told.ack_url:
        yield button(told.ack_url, "This reached me" if told.purpose == "test" else "Acknowledge", _colour(told))
    if told.why:
        yield quiet(f"Why you: {told.why}")
    if told.incident is not None:
        yield f'<p class="text" style="margin:8px 0">{link(told.incident_url, f"Incident INC-{told.incident}")}</p>\n'
    if told.section is not None:
        yield _section(told.section)
    elif not told.is_notice and told.purpose not in ("resolved", "test"):
        yield quiet("No page of the book speaks of it.")
    yield from _alerts(told)
    for name, lines in (("Health", told.health), ("Changed lately", told.recent), ("Also on call", told.on_call)):
        yield _list(name, [escape(line) for line in lines])
    if told.page_url:
        yield f'<p class="line quiet" style="{_rule()}">{link(told.page_url, "Everything about it")}</p>\n'


def badge(told: Told) -> str:
    """How grave it is, of which service, and what kind of message this is; words, so that colour alone says nothing."""
    severity = "" if told.purpose == "test" else told.severity
    words = " · ".join(filter(None, (*told.marks, severity, told.service)))
    return (
        f'<span style="display:inline-block;background:{_colour(told)};color:#ffffff;padding:2px 10px;'
        f'border-radius:4px;font-size:14px;font-weight:600">{escape(words)}</span>\n'
    )


def button(url: str, words: str, colour: str) -> str:
    """A link that looks like a button in every mail program."""
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:18px 0"><tr>'
        f'<td class="answer"><a href="{escape(url)}" style="display:inline-block;background:{colour};color:#ffffff;'
        f'text-decoration:none;font-weight:600;padding:14px 28px;border-radius:6px;font-size:17px">{escape(words)}</a>'
        "</td></tr></table>\n"
    )


def link(url: str, words: str) -> str:
    """A link in the text."""
    return f'<a class="link" href="{escape(url)}" style="color:#1f5fa8">{escape(words)}</a>'


def quiet(words: str) -> str:
    """A sentence that matters less."""
    return f'<p class="quiet" style="margin:4px 0;color:#5a6472;font-size:15px">{escape(words)}</p>\n'


def _section(section: SectionTold) -> str:
    name = section.title if section.title == section.page else f"{section.title} ({section.page})"
    commit = f" At commit {section.commit[:12]}." if section.commit else ""
    return (
        f'{_heading("First steps" if section.steps else "Read")}{"".join(_steps(section.steps))}'
        f'<p class="text" style="margin:8px 0">{link(section.url, name)}</p>{quiet(section.why + commit)}'
    )


def _steps(lines: Sequence[str]) -> Iterator[str]:
    """The first steps: words as they are, commands in a row as one block of code."""
    for is_code, some in groupby(lines, key=lambda line: line.startswith(COMMAND)):
        if not is_code:
            yield from (f'<p class="text" style="margin:8px 0 0">{escape(line)}</p>' for line in some)
            continue
        code = "\n".join(escape(line.removeprefix(COMMAND)) for line in some)
        yield (
            '<div class="code" style="background:#eef0f3;color:#1b1f24;padding:8px 10px;margin:4px 0;'
            f'border-radius:4px;white-space:pre-wrap;word-break:break-word;{_MONO}">{code}</div>'
        )


def _alerts(told: Told) -> Iterator[str]:
    if not told.alerts:
        return
    lines = [f"They differ in {escape(name)}: {escape(', '.join(values[:8]))}" + (", …" if len(values) > 8 else "")
             for name, values in told.differing[:6]]  # fmt: skip
    lines += [link(alert.url, alert.summary or alert.name) for alert in told.alerts]
    if told.count > len(told.alerts):
        lines.append(f"and {told.count - len(told.alerts)} more")
    if told.gone:
        lines.append(f"{told.gone} more ended meanwhile")
    yield _list(f"Alerts: {told.count}" if told.count > 1 else "Alert", lines)
    labels = ", ".join(f"{name}={value}" for name, value in told.common.items())
    if labels:
        style = f"margin:4px 0;color:#5a6472;word-break:break-word;{_MONO}"
        yield f'<p class="quiet" style="{style}">{escape(labels)}</p>\n'


def _list(name: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f'<li style="margin:0 0 4px">{line}</li>' for line in lines)
    return f'{_heading(name)}<ul style="margin:8px 0;padding-left:24px">{items}</ul>\n'


def _heading(words: str) -> str:
    return f'<h2 class="line text" style="font-size:16px;margin:20px 0 0;{_rule()}">{escape(words)}</h2>'


def _rule() -> str:
    return "border-top:1px solid #d8dce2;padding-top:12px"


def _code(code: str) -> str:
    return (
        '<p class="code" style="background:#eef0f3;color:#1b1f24;display:inline-block;padding:10px 18px;margin:16px 0;'
        f'border-radius:6px;letter-spacing:4px;{_MONO};font-size:26px">{escape(code)}</p>\n'
    )


def _colour(told: Told) -> str:
    if told.purpose in ("resolved", "test"):
        return _CALM if told.purpose == "resolved" else _TEST
    return _COLOURS.get(told.severity, _COLOURS["P3"])
