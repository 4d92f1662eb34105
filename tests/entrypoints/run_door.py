"""A book with procedures, and its door as a browser sees it: pages of runs are asked for and forms are sent."""

from __future__ import annotations

from html import unescape

from tests.entrypoints.door import Door
from tests.entrypoints.played_runs import play

from opsbook.ledger import run_events as events
from opsbook.ledger.run import Run

PATH = "docs/operations/runbooks/web.md"
DEPLOY, SWITCH = f"{PATH}#production", f"{PATH}#switch"
PAGES = {
    "docs/operations/opsbook.toml": '[approvers]\nleads = ["olga", "grace"]\n',
    PATH: """# Runbook: Web

**Owner:** Ada

## Deployment

### Production

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `VERSION` | string | required | What to ship |
| `STAGE` | `canary` \\| `all` | `canary` | How far |
| `COUNT` | integer 1..9 | `3` | How many |

1. Deploy it
   ```sh
   ./deploy.sh "$VERSION"
   ```
   - **Undo:** `./deploy.sh previous`
2. Look at the dashboard
3. Write down what it says
   - **Ask:** `ROWS` integer 0..100

- **Verification:** `true`
- **Rollback Process:**
  ```sh
  ./deploy.sh previous
  ```

### Switch

1. Two agree
   - **Approval:** 1 of @leads within 1h
2. Switch it
   ```sh
   ./switch.sh
   ```
   - **Danger:** cuts customers off; type the word

### Broken

1. Use it
   ```sh
   ./use.sh <name>
   ```
""",
}


def see(door: Door, path: str, role: str | None = "operator", status: int = 200) -> str:
    """A page as a browser of that role gets it."""
    headers = {"accept": "text/html", **(door.session(role, f"see-{role}") if role else {})}  # type: ignore[arg-type]
    answer = door.ask("GET", path, headers=headers)
    assert answer.status_code == status, answer.text[:600]
    return answer.text


def send(door: Door, path: str, *, by: str = "olga", role: str = "operator", status: int = 303, **fields: str) -> str:
    """Sends a form as a browser does; gives where it leads to, or the page that says what is wrong."""
    session = door.session(role, by)  # type: ignore[arg-type]
    sent = {"csrf": session["x-csrf-token"], **{name.replace("__", "-"): value for name, value in fields.items()}}
    answer = door.ask("POST", path, headers={"cookie": session["cookie"], "accept": "text/html"}, data=sent)
    assert answer.status_code == status, answer.text[-3000:]
    return answer.headers["location"] if status == 303 else unescape(answer.text)


def state_of(door: Door, run: Run, step: str) -> str:
    """The state of a step now."""
    found = door.desk.runs.find(run.id).step(step)
    assert found is not None
    return found.state


def asked(door: Door, run: Run, step: str, question: events.Question, words: str = "Look at it.", digest: str = "") -> Run:
    """The step waits for a person."""
    return play(door, run, events.person_asked(step, question, words, digest=digest))
