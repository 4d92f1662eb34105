"""`opsbook serve` as people meet it: the first page after a start, pages cold and cached, memory, and how long the
loop is held up, beside MkDocs, Hugo, and Alertmanager with the blackbox exporter."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from bench import programs
from bench.corpus import copy_pages
from bench.pairs import unless_absent
from bench.servers import Served, free_port, serving, serving_ours
from bench.table import Absent, Broken, Row, show, verdict

PAGES = 1029
MANY_PAGES = 4000
PROBES = 200
CACHED_S = 5
RUNS = 5


def book_of(folder: Path, count: int) -> list[Path]:
    """A book of so many real pages; returns them."""
    copied = copy_pages(folder, -(-count // 600))
    if len(copied.files) < count:
        raise Broken(f"the corpora gave {len(copied.files)} pages instead of {count}")
    for extra in copied.files[count:]:
        extra.unlink()
    return list(copied.files[:count])


def start_rows(place: Path) -> list[Row]:
    """Seconds from the start of the process to the first whole page."""
    book = place / "book"
    pages = book_of(book, PAGES)
    one = f"/book/{pages[0].relative_to(book).as_posix()}".replace(" ", "%20")
    cold, warm = [], []
    for _ in range(RUNS):
        shutil.rmtree(book / ".opsbook", ignore_errors=True)
        with serving_ours(book) as served:
            cold.append(served.first(one))
            _settled(served)
        with serving_ours(book) as served:
            warm.append(served.first(one))
    rows = []
    mine = statistics.median(cold)
    words = f"{mine:.2f} s (with the derived index {statistics.median(warm):.2f} s)"
    for name, measure, most in (("mkdocs build + serve", _mkdocs, 0.05), ("hugo server", _hugo, 0.5)):
        try:
            other = measure(place, pages, book)
        except Absent as lacking:
            rows.append(Row(f"start to first page / {name}", words, "not measured", note=f"{lacking}."))
            continue
        share = mine / other
        rows.append(Row(f"start to first page, {PAGES} pages", words, f"{name} {other:.2f} s", f"{share:.3g}×",
                        f"≤ {most}×", verdict(share <= most)))  # fmt: skip
    return rows


def _settled(served: Served, timeout_s: float = 120.0) -> None:
    """Waits until the whole book was read, which `/metrics` tells."""
    end = time.perf_counter() + timeout_s
    while time.perf_counter() < end:
        if re.search(rb"^opsbook_book_is_whole 1(?:\.0)?$", served.get("/metrics")[1], re.M):
            return
        time.sleep(0.05)
    raise Broken("the book was not read whole in time")


def _mkdocs(place: Path, pages: list[Path], book: Path) -> float:
    program = Path(programs.python()[0]).with_name("mkdocs")
    if not program.exists():
        raise Absent("no mkdocs: `make bench` installs it")
    folder = _site(place / "mkdocs", pages, book, "docs")
    port = free_port()
    (folder / "mkdocs.yml").write_text(f"site_name: bench\ndev_addr: 127.0.0.1:{port}\n", encoding="utf-8")
    with serving([str(program), "serve", "--quiet"], port, folder) as served:
        return served.first("/")


def _hugo(place: Path, pages: list[Path], book: Path) -> float:
    program = shutil.which("hugo")
    if program is None:
        raise Absent("no hugo: the system's package hugo has it")
    folder = _site(place / "hugo", pages, book, "content")
    layouts = folder / "layouts" / "_default"
    layouts.mkdir(parents=True)
    for name in ("single.html", "list.html"):
        (layouts / name).write_text("<!doctype html><title>{{ .Title }}</title>{{ .Content }}", encoding="utf-8")
    (folder / "config.toml").write_text('title = "bench"\ndisableKinds = ["RSS", "taxonomy", "term"]\n')
    times = []
    for _ in range(RUNS):
        port = free_port()
        command = [program, "server", "--port", str(port), "--bind", "127.0.0.1", "--watch=false"]
        with serving(command, port, folder) as served:
            times.append(served.first("/"))
    return statistics.median(times)


def _site(folder: Path, pages: list[Path], book: Path, name: str) -> Path:
    """The pages where a site builder looks for them, without front matter, which each reads in its own way."""
    shutil.rmtree(folder, ignore_errors=True)
    for page in pages:
        target = folder / name / page.relative_to(book)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = page.read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"\A(---|\+\+\+)\n.*?\n\1\n", "", text, flags=re.S)
        target.write_text(text.replace("{{", "{ {"), encoding="utf-8")  # Hugo takes those for code of its own
    (folder / name / "index.md").write_text("# Index\n", encoding="utf-8")
    return folder


def page_rows(place: Path) -> list[Row]:
    """One page, rendered for the first time and again."""
    book = place / "pages"
    pages = book_of(book, PAGES)
    addresses = [f"/book/{page.relative_to(book).as_posix()}".replace(" ", "%20") for page in pages]
    with serving_ours(book) as served:
        served.first("/healthz")
        _settled(served)
        cold = []
        for address in addresses[:500]:
            began = time.perf_counter()
            status, _ = served.get(address)
            cold.append((time.perf_counter() - began) * 1000)
            if status != 200:
                raise Broken(f"{address} answers {status}")
        rate = _rate(served.port, addresses[0])
    middle, high = statistics.median(cold), statistics.quantiles(cold, n=20)[-1]
    rows = [
        Row("one page, cold, whole request", f"{middle:.1f} ms, p95 {high:.1f} ms", "", "", "≤ 10 ms",
            verdict(middle <= 10)),
    ]  # fmt: skip
    if rate is None:
        rows.append(Row("one page, cached", "not measured", note="no wrk: the system's package wrk has it."))
    else:
        rows.append(Row("one page, cached, pages/s", f"{rate:.0f}", "", "", "≥ 2000", verdict(rate >= 2000)))
    return rows


def _rate(port: int, address: str) -> float | None:
    program = shutil.which("wrk")
    if program is None:
        return None
    command = [program, "-t1", "-c16", f"-d{CACHED_S}s", f"http://127.0.0.1:{port}{address}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    if "Non-2xx" in said:
        raise Broken(f"wrk met errors: {said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return float(found[1]) if found else None


def probed_book(book: Path, port: int) -> list[Path]:
    """A book of many pages with runbooks whose health checks ask a server at the port."""
    pages = book_of(book, MANY_PAGES - PROBES)
    folder = book / "runbooks"
    folder.mkdir()
    for number in range(PROBES):
        page = folder / f"service-{number}.md"
        page.write_text(
            f"# Service {number} Runbook\n\n**Service:** service-{number}  \n**Owner:** Team\n\n## Health Checks\n\n"
            f"- **Health Check URL:** http://127.0.0.1:{port}/service-{number}\n- **Expected Response:** 200 OK\n"
            "- **Check Frequency:** 5 seconds\n",
            encoding="utf-8",
        )
        pages.append(page)
    return pages


def resident_rows(place: Path) -> list[Row]:
    """Memory, and the delay of the loop, while 200 probes run over 4,000 pages."""
    book = place / "many"
    target = _Answers()
    try:
        probed_book(book, target.port)
        with serving_ours(book) as served:
            served.first("/healthz")
            _settled(served)
            address = "/services/service-1"
            served.first(address)
            time.sleep(15)  # three rounds of all probes
            delays = _delays(served, address, 15.0)
            held = served.held_bytes
            asked = target.count
    finally:
        target.close()
    if asked < PROBES:
        raise Broken(f"only {asked} probes came in")
    high = statistics.quantiles(delays, n=100)[-1]
    found = f"p99 {high:.1f} ms, median {statistics.median(delays):.1f} ms"
    loop = Row("loop delay, 200 probes and reloads", found, "", "", "p99 ≤ 20 ms", verdict(high <= 20))
    try:
        peers = _peers(place)
    except Absent as lacking:
        return [loop, Row("memory", f"{held / 1e6:.0f} MB", "not measured", note=f"{lacking}.")]
    share = held / peers
    return [loop, Row("memory, 4,000 pages, 200 probes", f"{held / 1e6:.0f} MB",
                      f"Alertmanager + blackbox exporter {peers / 1e6:.0f} MB", f"{share:.2f}×", "≤ 3×",
                      verdict(share <= 3))]  # fmt: skip


def _delays(served: Served, address: str, length_s: float) -> list[float]:
    """How long `/healthz` takes, asked every 10 ms, while a page is loaded again and again."""
    is_over = threading.Event()

    def reload() -> None:
        while not is_over.is_set():
            served.get(address)
            is_over.wait(0.1)

    reloading = threading.Thread(target=reload)
    reloading.start()
    found = []
    end = time.perf_counter() + length_s
    while time.perf_counter() < end:
        began = time.perf_counter()
        served.get("/healthz")
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(0.01)
    is_over.set()
    reloading.join()
    return found


class _Answers:
    """nginx that answers every address with 200 on a port of its own, and counts."""

    def __init__(self) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise Absent("no nginx: the system's package nginx-light has it")
        self.folder = Path(tempfile.mkdtemp())
        self.port = free_port()
        settings = (
            f"daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error.log;"
            "events {} http { access_log " + f"{self.folder}/access.log; "
            f"client_body_temp_path {self.folder}; proxy_temp_path {self.folder}; fastcgi_temp_path {self.folder};"
            f"uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};"
            f"server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 ok; }} }} }}"
        )
        (self.folder / "nginx.conf").write_text(settings, encoding="utf-8")
        self.running = subprocess.Popen([program, "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)])

    @property
    def count(self) -> int:
        """How often it was asked."""
        return (self.folder / "access.log").read_bytes().count(b"\n")

    def close(self) -> None:
        """Ends it and takes its folder away."""
        self.running.terminate()
        self.running.wait(10)
        shutil.rmtree(self.folder)


def _peers(place: Path) -> int:
    """The memory of Alertmanager and of the blackbox exporter after their start and some requests, in bytes."""
    total = 0
    for name, words in (("prometheus-alertmanager", ("--config.file", "--storage.path")),
                        ("prometheus-blackbox-exporter", ("--config.file",))):  # fmt: skip
        program = shutil.which(name)
        if program is None:
            raise Absent(f"no {name}: the system's package of that name has it")
        folder = place / name
        folder.mkdir()
        port = free_port()
        settings = "route: {receiver: none}\nreceivers: [{name: none}]\n"
        if "blackbox" in name:
            settings = "modules: {http_2xx: {prober: http}}\n"
        (folder / "config.yml").write_text(settings, encoding="utf-8")
        command = [program, f"--config.file={folder}/config.yml", f"--web.listen-address=127.0.0.1:{port}"]
        if "--storage.path" in words:
            command += [f"--storage.path={folder}/state", "--cluster.listen-address="]
        with serving(command, port, folder) as served:
            served.first("/metrics")
            target = f"http://127.0.0.1:{port}/-/healthy"
            for _ in range(PROBES):
                served.get(f"/probe?module=http_2xx&target={target}" if "blackbox" in name else "/api/v2/alerts")
            total += served.held_bytes
    return total


def rows() -> list[Row]:
    """All of them."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found += unless_absent("start to first page", lambda: start_rows(place))
        found += unless_absent("one page", lambda: page_rows(place))
        found += unless_absent("memory and loop delay", lambda: resident_rows(place))
    return found


def main() -> int:
    """Prints the rows; `python -m bench.serving`."""
    programs.compile_ours()
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
