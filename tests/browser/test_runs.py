"""Runs in a real browser before the real program: started, followed live, answered by a thumb, cancelled and proven."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from tests.browser.measures import axe_says, overflow, shifts, small_targets, wait_for, weigh
from tests.browser.shop import serving
from tests.entrypoints.door import write_repository

PATH = "docs/operations/runbooks/web.md"
PAGES = {
    PATH: """# Runbook: Web

**Owner:** Kim

## Deployment

### Production

| Parameter | Type | Default | Description |
| --- | --- | --- | --- |
| `VERSION` | `/v[0-9]+/` | required | What to ship |

1. Ship it
   ```sh
   printf '\\033[32mshipping %s\\033[0m\\n' "$VERSION"
   for part in 1 2 3; do printf '\\r%s of 3' "$part"; sleep 0.2; done; echo
   echo '<img src=x onerror=ran(1)>'
   ```
2. Look at the dashboard
3. Write down how many
   - **Ask:** `ROWS` integer 0..100

- **Verification:**
  ```sh
  test "$ROWS" -eq 42
  ```

### Endless

1. Go on for ever
   ```sh
   trap '' TERM
   echo started
   for part in $(seq 100000); do date +%s.%N; sleep 0.1; done
   ```

### Steady

1. Go on until somebody ends it
   ```sh
   echo started
   for part in $(seq 100000); do date +%s.%N; sleep 0.1; done
   ```

### Flood

1. Print more than anybody reads
   ```sh
   echo first; sleep 1; yes 'a line that says nothing at all, and is one of very many of its kind' | head -c 100000000
   sleep 2
   ```

### Silent

1. Say nothing
   ```sh
   sleep 1; exit 3
   ```

### Grave

- **Danger:** cuts customers off

1. Cut them off
   ```sh
   echo cut
   ```
""",
}
LONGEST_FRAME = """() => {
  window.longest = 0
  let before = performance.now()
  const look = (now) => { window.longest = Math.max(window.longest, now - before); before = now; requestAnimationFrame(look) }
  requestAnimationFrame(look)
}"""
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Any]]]:
    """The address of the program, which runs what is started, and the cookies of an admin's session."""
    root = tmp_path_factory.mktemp("program")
    write_repository(root, PAGES)
    with serving(root) as (address, link):
        yield address, [link]


def signed_in(open_page: Open, program: tuple[str, list[Any]], path: str, **more: Any) -> Page:
    """A page of somebody who is signed in; the link signs in once, and its session serves all tests."""
    address, kept = program
    if isinstance(kept[0], str):
        page = open_page(kept[0])
        page.wait_for_url(re.compile("(?!.*sign-in)"))
        kept[:] = page.context.cookies()
    return open_page(address + path, cookies=kept, **more)


def start(open_page: Open, program: tuple[str, list[Any]], anchor: str, fills: dict[str, str] | None = None, **more: Any) -> Page:
    """The page of a run that was just started from its form."""
    page = signed_in(open_page, program, f"/run?at={quote(f'{PATH}#{anchor}', safe='')}", **more)
    for name, value in (fills or {}).items():
        page.fill(f"#p-{name}", value)
    page.click("button[value=start]")
    page.wait_for_url(re.compile(r"/runs/\d"))
    return page


def cancel(page: Page) -> None:
    """Cancels the run of the page, and sees it end: only one of a procedure runs at a time."""
    page.locator("summary", has_text="Cancel the run").click()
    page.fill("#why-run-cancel", "enough")
    page.locator(".run-acts button", has_text="Cancel the run").click()
    is_state(page, "Cancelled")


def is_state(page: Page, words: str) -> None:
    """The run is in that state, told without a reload."""
    expect(page.locator(".run-line .run-state")).to_have_text(words)


def reload_until(page: Page, shown: str) -> None:
    """Reloads the page until it shows something, as somebody without scripts does."""
    for _ in range(150):
        if page.locator(shown).count():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError(f"It never came: {shown}")


def test_a_run_is_followed_live_by_two_people_and_answered_without_a_reload(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v2"})
    other = signed_in(open_page, program, page.url.removeprefix(program[0]))
    for each in (page, other):
        each.evaluate("window.stayed = true")
    for each in (page, other):
        expect(each.locator("#step-1 .run-state")).to_have_text("Done")
        expect(each.locator("#step-2 .run-state")).to_have_text("Waits for you")
    page.locator("#step-1 .attempt summary").click()
    expect(page.locator("#step-1 .terminal .t-i2")).to_have_text("shipping v2")
    expect(page.locator("#step-1 .terminal")).to_contain_text("3 of 3")
    expect(page.locator("#step-1 .terminal")).to_contain_text("<img src=x onerror=ran(1)>")
    page.locator("#step-2 button", has_text="Done").click()
    expect(other.locator("#step-3 .run-state")).to_have_text("Waits for you")
    other.fill("#step-3 input[name=ask-ROWS]", "42")
    other.locator("#step-3 button", has_text="Done").click()
    for each in (page, other):
        is_state(each, "Succeeded")
        expect(each.locator("#step-verify-1 .run-state")).to_have_text("Done")
    assert page.evaluate("window.stayed") is None  # its own form was a page of its own
    expect(page.locator("#step-3")).to_contain_text("Done")


def test_what_is_typed_stays_while_the_run_moves_under_it(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v3"})
    expect(page.locator("#step-2 .run-state")).to_have_text("Waits for you")
    page.locator("#step-2 summary", has_text="Skip").click()
    page.fill("#why-step-2-skip", "the dashboard is")
    other = signed_in(open_page, program, page.url.removeprefix(program[0]))
    other.locator("summary", has_text="Pause").click()
    other.locator("button", has_text="Pause").click()
    expect(page.locator("button", has_text="Go on")).to_be_visible()
    expect(page.locator("#why-step-2-skip")).to_have_value("the dashboard is")
    cancel(page)


def test_a_press_is_not_lost_though_the_run_moves_while_the_finger_is_down(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v9"})
    expect(page.locator("#step-2 .run-state")).to_have_text("Waits for you")
    other = signed_in(open_page, program, page.url.removeprefix(program[0]))
    page.locator("#step-2 button", has_text="Done").hover()
    page.mouse.down()
    other.locator("summary", has_text="Pause").click()
    with page.expect_response(lambda answer: answer.url == page.url):  # the page asks for itself anew
        other.locator("button", has_text="Pause").click()
    expect(page.locator("button", has_text="Go on")).to_have_count(0)
    page.mouse.up()
    expect(page.locator("#step-2 .run-state")).to_have_text("Confirmed")
    cancel(page)


def test_output_streams_while_the_step_runs_and_cancel_proves_that_nothing_is_left(open_page, program) -> None:
    page = start(open_page, program, "endless")
    screen = page.locator("#step-1 .terminal")
    expect(screen).to_contain_text("started")
    first = screen.inner_text().count("\n")
    wait_for(page, f"document.querySelector('#step-1 .terminal').innerText.split('\\n').length > {first + 8}")
    cancel(page)
    left = subprocess.run(["pgrep", "-f", "seq 100000"], capture_output=True, text=True, check=False).stdout
    assert left == ""


def test_a_danger_is_gone_into_by_typing_its_word(open_page, program) -> None:
    page = start(open_page, program, "grave", allowed=("409",))
    step = page.locator(".run-step", has=page.locator("input[name=typed]"))
    word = step.locator("label code").inner_text()
    step.locator("input[name=typed]").fill("nonsense")
    step.locator("button", has_text="Go on").click()
    expect(page.locator(".banner[data-tone=bad]")).to_contain_text(word)
    step.locator("input[name=typed]").fill(word)
    step.locator("button", has_text="Go on").click()
    is_state(page, "Succeeded")


def test_a_refusal_and_what_was_typed_stay_while_the_page_is_refreshed(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v8"}, allowed=("400",))
    page.locator("#step-2 button", has_text="Done").click()
    page.fill("#step-3 input[name=ask-ROWS]", "many")
    page.locator("#step-3 button", has_text="Done").click()
    refusal = page.locator(".banner", has_text="ROWS cannot be that")
    expect(refusal).to_be_visible()
    other = signed_in(open_page, program, page.url.removeprefix(program[0]))
    other.locator("summary", has_text="Pause").click()
    other.locator("button", has_text="Pause").click()
    expect(page.locator("button", has_text="Go on")).to_be_visible()  # the page was refreshed
    expect(refusal).to_be_visible()
    expect(page.locator("#step-3 input[name=ask-ROWS]")).to_have_value("many")
    cancel(other)
    is_state(page, "Cancelled")
    expect(refusal).to_have_count(0)


def test_a_flood_of_output_keeps_the_page_small_and_awake(open_page, program) -> None:
    page = start(open_page, program, "flood")
    expect(page.locator("#step-1 .terminal")).to_contain_text("first")
    page.evaluate(LONGEST_FRAME)
    is_state(page, "Succeeded")
    assert page.evaluate("document.querySelector('#step-1 .terminal').textContent.length") < 400_000
    assert page.evaluate("longest") < 1000
    expect(page.locator("#step-1 .console-more a")).to_be_visible()


def test_a_step_that_ended_without_a_word_is_not_told_to_print_yet(open_page, program) -> None:
    page = start(open_page, program, "silent")
    expect(page.locator("#step-1 .console-empty")).to_have_text("Nothing is printed yet.")
    expect(page.locator("#step-1 .console-empty")).to_have_text("It printed nothing.")
    cancel(page)


def test_without_scripts_a_run_is_started_read_and_confirmed(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v4"}, scripts=False)
    reload_until(page, "#step-2[data-state=waiting]")
    page.locator("#step-2 button", has_text="Done").click()
    assert "#step-2" in page.url
    reload_until(page, "#step-2[data-state=done]")
    run = page.url.partition("#")[0]
    page.goto(program[0] + page.locator("#step-1 .attempt-foot a").first.get_attribute("href"))
    assert "shipping v4" in page.locator(".terminal").inner_text()
    cancel(signed_in(open_page, program, run.removeprefix(program[0])))


def test_every_page_of_runs_fits_can_be_pressed_and_is_whole_for_axe(open_page, program) -> None:
    run = start(open_page, program, "production", {"VERSION": "v5"})
    expect(run.locator("#step-2 button", has_text="Done")).to_be_visible()
    address = run.url.removeprefix(program[0])
    paths = (address, "/runs", f"/run?at={quote(f'{PATH}#production', safe='')}", f"{address}/output/page?step=1", "/", "/services/web")
    for size in ("desktop", "phone", "narrow"):
        page = signed_in(open_page, program, paths[0], size=size)
        for path in paths:
            page.goto(program[0] + path)
            page.wait_for_timeout(200)
            assert overflow(page) == []
            assert shifts(page) == []
            if size != "desktop":
                assert small_targets(page) == []
            if size != "narrow":  # its markup is that of the phone
                assert axe_says(page) == ""
    cancel(run)


def test_a_run_weighs_little_and_another_waits_behind_it(open_page, program) -> None:
    page = start(open_page, program, "production", {"VERSION": "v6"})
    expect(page.locator("#step-2 button", has_text="Done")).to_be_visible()
    weights, take_down = weigh(page)
    page.reload()
    page.wait_for_timeout(500)
    take_down()
    assert sum(weight for _, weight in weights) < 100_000, weights
    behind = start(open_page, program, "production", {"VERSION": "v7"})
    is_state(behind, "Waiting")  # its runner has recorded that it is held, and the page follows that
    expect(behind.locator(".banner")).to_contain_text(page.url.partition("#")[0].rpartition("/")[2])
    cancel(page)
    expect(behind.locator("#step-2 .run-state")).to_have_text("Waits for you")
    cancel(behind)


def test_a_stream_that_was_cut_goes_on_where_it_was(open_page, program) -> None:
    page = start(open_page, program, "steady", allowed=("Failed to load resource", "ERR_"))
    screen = page.locator("#step-1 .terminal")
    expect(screen).to_contain_text("started")
    page.context.set_offline(True)
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    seen = screen.inner_text().count("\n")
    wait_for(page, f"document.querySelector('#step-1 .terminal').innerText.split('\\n').length > {seen + 15}")
    times = [float(line) for line in screen.inner_text().split("\n") if re.fullmatch(r"\d+\.\d+", line)]
    assert times == sorted(set(times))
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) < 1
    cancel(page)
