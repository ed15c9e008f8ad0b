"""A small run, a server that serves it, and a browser that is watched while it drives the page."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import tiny  # noqa: E402  (beside the unit tests)

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MEASURES = Path(__file__).with_name("measures.js").read_text(encoding="utf-8")
PATIENCE = 180_000  # ms: a busy machine is no bug
LISTEN = ("--port", "0", "--limit", "seconds=600")  # for the server neither


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    """A run that translates both ways, and knows how sure it is of one of them."""
    from regard.tasks.confidence import Confidence, Fit, Weight

    folder = tmp_path_factory.mktemp("page") / "run"
    both = ("data.directions=[ko-en, en-ko]", "data.shared=true", "data.max_length=120")
    made = tiny.tiny(folder, *both)
    sure = {"log-probability a token": Weight(mean=-2, scale=1, weight=1)}
    fit = Fit(bias=0.0, features=sure, rows=1, good=0.5, held_out={})
    known = Confidence(weights=made.fingerprint(), directions={"ko-en": fit})
    made.confidence.write_text(known.model_dump_json(), encoding="utf-8")
    return folder


class Served:
    """`regard serve` as a process of its own."""

    def __init__(self, *arguments: str):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "regard.cli", "serve", *arguments, *LISTEN],
            stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        said = []
        for line in self.process.stderr or ():
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.address = found.group()
                return
        pytest.fail(f"the server did not start: {''.join(said)}")

    def close(self) -> None:
        """It ends when told to; told twice, it stays so."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=60)


@pytest.fixture(scope="session")
def served(run) -> Iterator[Served]:
    """A server without keys."""
    server = Served(str(run))
    yield server
    server.close()


@pytest.fixture
def serve(run) -> Iterator[Callable[..., Served]]:
    """Starts another server, with other arguments."""
    started: list[Served] = []

    def start(*arguments: str) -> Served:
        started.append(Served(str(run), *arguments))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real one."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        if path is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("there is no chromium on this machine")
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page that is open, and what it did that no page should do."""

    def __init__(self, context: Any, address: str, ready: str = "#to option"):
        self.page, self.address = context.new_page(), address
        self.page.set_default_timeout(PATIENCE)
        self.faults: list[str] = []
        self.requests: list[Any] = []
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.goto(address + "/")
        self.page.wait_for_selector(ready, state="attached")

    def heard(self, message: Any) -> None:
        """A refusal by the server is told by the browser too; it is no fault of the page."""
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def write(self, text: str, source: str = "ko", target: str = "en") -> None:
        """Choose a direction, write a text, and wait for its translation and the look inside."""
        self.page.select_option("#from", source)
        self.page.select_option("#to", target)
        with self.page.expect_response("**/v1/look"):
            self.page.fill("#text", text)
        self.page.wait_for_selector("#inside[aria-busy=false]")

    def words(self, box: str) -> list[str]:
        """The words of a box."""
        return self.page.locator(f"{box} .word").all_inner_texts()

    def ask(self, path: str, **body: Any) -> Any:
        """What the server itself says, past the page."""
        wish = {"source": "ko", "target": "en", **body}
        answer = self.page.request.post(f"{self.address}/v1/{path}", data=wish)
        assert answer.ok, answer.text()
        return json.loads(answer.text())

    def ask_plain(self, path: str, **body: Any) -> Any:
        """The same of what knows no languages."""
        answer = self.page.request.post(f"{self.address}/v1/{path}", data=body)
        assert answer.ok, answer.text()
        return json.loads(answer.text())

    def measure(self, name: str, *arguments: str) -> Any:
        """What a function of measures.js says."""
        wish = ", ".join(map(json.dumps, arguments))
        return self.page.evaluate(f"(() => {{ {MEASURES}\nreturn {name}({wish}); }})()")

    def check(self) -> None:
        """No errors, and no request to anywhere else."""
        assert not self.faults
        away = [r.url for r in self.requests if not r.url.startswith((self.address, "blob:"))]
        assert not away


@pytest.fixture
def visit(browser, served) -> Iterator[Callable[..., Visit]]:
    """Opens the page; what a browser context can be told goes in as keywords."""
    open_: list[tuple[Any, Visit]] = []

    def make(address: str = "", **options: Any) -> Visit:
        context = browser.new_context(**{"locale": "en-GB", **options})
        open_.append((context, Visit(context, address or served.address)))
        return open_[-1][1]

    yield make
    for context, one in open_:
        one.check()
        context.close()
