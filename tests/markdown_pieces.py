"""Pages for fuzzing: arbitrary bytes, real syntax in any order, and real pages with bytes of them moved about."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

# Pieces of what people write, and of what breaks readers of it. They are joined in any order, with any line ends.
PIECES: tuple[str, ...] = (
    "# Title", "## Deployment", "### Staging", "### Issue: it breaks", "#### Verification", "#### Rollback",
    "## Troubleshooting", "## Health Checks", "## 🚀 2.1 Überblick (old)", "## Emergency Contacts", "## Timeline",
    "Title\n=====", "Sub\n---", "#", "####### seven", "## {#own}", "## Deploy {#deploy-it}", "## [Service Name] Runbook",
    "---", "---\ntitle: a\nops:\n  owner: x\n---", "+++\na = 1\n+++", "---\n\ta: [\n---", "...", "***", "\ufeff",
    "- a", "  - b", "    - c", "1. one", "2. two", "3) three", "   1. nested", "9. nine", "999999999. far", "- [ ] box",
    "- [x] **Label:** done", "* ", "1.", "   ```bash\n   ls $NAME\n   ```", "```sh timeout=1m\nrm -rf <dir>\n```",
    "```", "~~~", "```console\n$ ls -l\ntotal 0\n# id\n```", "```{note}\ntext\n```", "```python\nprint(1)\n```",
    "    indented", "\tcode", "`code`", "``a`b``", "**Owner:** Platform", "**Owner**: [Team]  ", "**Last Updated:** 2026-01-02",
    "**Symptoms:** slow  \n**Cause:** disk  \n**Solution:** `df -h`", "**Solution:**", "- **Environment:** https://x.example",
    "- **Deployment Process:**\n  1. Build\n     ```bash\n     make\n     ```\n  2. Ship",
    "- **Deployment Process:** [Steps]", "- **Verification:** `curl -f http://localhost/` works", "- **Rollback Process:**",
    "- **Health Check URL:** http://localhost:8080/health\n- **Expected Response:** 200\n- **Check Frequency:** 30s",
    "- **Approval:** 1 of @sre within 1h", "- **Timout:** 5", "- **Undo:**\n  ```sh\n  echo\n  ```", "Expected output:",
    "| Parameter | Type | Default |\n|---|---|---|\n| `A` | string | required |\n| | | |", "| Field | Value |\n|-|-|\n| Owner | x |",
    "| a |", "|---|", "| Time | Event |\n|--|--|\n| 10:00 | a |\n| 25:99 | b |", "a | b\n:-:|---\n1", "> quote", ">> deep",
    "> [!NOTE]\n> text", "> - list\n> ```\n> code", "[link](a.md#b)", "[l](../../../x.md)", "![i](%2e%2e/a.png)", "[r]", "[r]: a.md",
    "[r]: <a b.md> 'T'", "<http://x.example/>", "<m@x.example>", "https://bare.example/a?b#c", "[a](#)", "[a](#title)", "[a](x.md?y#%41)",
    "[^1]", "[^1]: foot", "    more of the foot", "<!-- opsbook: allow broken-link -->", "<!-- opsbook: allow-page stale,x -->",
    "<!--", "-->", "<a id=\"x\" name='y'>", "<img src=\"a.png\">", "<a href='b.md'>b</a>", "<details>", "<a href=\"", "<pre>",
    "Owner: someone", "last_reviewed_on: 2026-01-01", "review_in: 3 months", "[Placeholder]", "TODO", "YYYY-MM-DD", "$HOME", "{{ENV}}",
    "$ kubectl get pods", "10:00 - it began", "- 2026-01-01 10:00 UTC - it began", "`KubePodCrashLooping`", "P7", "**Severity:** P9",
    "password = \"hunter2hunter2hunter2\"", "AKIAIOSFODNN7EXAMPLE", "<%= erb %>", "{% liquid %}", ":::note", "!!! warning", "\\", "\\*", "*a", "__b__",
    "**", "****", "** a **", "**a**b", "**Q:**: x", "**長い：** 値", "***a:** b*", "e\u0301 ﷽ \u202e \u0000", "\x00", "\x0b\x0c", "\u2028", "\x85", "\t", " " * 9,
    "~~a~~", "&amp;", "&#0;", "line  ", "line\\", "## Dashboards\n- [a](https://x.example): b", "## Prevention\n- [ ] do (@ada) by 2026-01-02",
    "| Metric | Expression |\n|-|-|\n| a | `b` |", "| Alert | For | Runbook |\n|-|-|-|\n| A | 5m | [r](a.md#b) |", "Date: January 14-19, 2026",
    "| Severity | Meaning |\n|-|-|\n| P1 | bad |", "## Communication Templates\n```\n[Impact]\n```", "| Role | Does |\n|-|-|\n| A | b |",
)  # fmt: skip
ENDS = ("\n", "\n\n", "\r\n", "\r\n\r\n", "\n\n\n", "\r", " ", "", "\n  ", "\n   ", "\n> ", "\n\t")


def markdownish(most: int = 40) -> st.SearchStrategy[bytes]:
    """Pieces of real syntax in any order, now and then with plain bytes between them."""
    pairs = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(ENDS)), max_size=most)
    words = pairs.map(lambda found: "".join(piece + end for piece, end in found).encode())
    return st.one_of(words, words, st.tuples(words, st.binary(max_size=8), words).map(b"".join))


@cache
def _pages() -> tuple[Path, ...]:
    named = os.environ.get("OPSBOOK_CORPORA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "corpora"
    return tuple(sorted(folder.rglob("*.md")))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A page of the corpora with parts of it cut, doubled, moved, or broken by pieces; made-up where none is here."""
    pages = _pages()
    raw = draw(st.sampled_from(pages)).read_bytes() if pages else draw(markdownish())
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        size = draw(st.integers(0, 200))
        cut = raw[start : start + size]
        how = draw(st.integers(0, 5))
        piece = draw(st.sampled_from(PIECES)).encode()
        insert = (b"", cut + cut, piece, b"\n" + piece + b"\n", cut.replace(b" ", b""), draw(st.binary(max_size=3)))[how]
        raw = raw[:start] + insert + raw[start + size :]
    return raw


def any_page() -> st.SearchStrategy[bytes]:
    """Whatever a file with the name of a page may hold."""
    return st.one_of(st.binary(max_size=300), markdownish(), markdownish(12), mutated())
