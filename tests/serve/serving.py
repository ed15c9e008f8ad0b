"""Real servers for tests: one in a thread, or the command in a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from regard.run import Run
from regard.serve.server import Server, listening
from regard.serve.service import Service
from regard.serve.settings import Config

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENT = 120  # seconds: a machine may be busy, a hang is still found


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + PATIENT
    while not true():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.005)


class Gate:
    """Holds a server's searches back until it is opened."""

    def __init__(self, service: Service):
        self.open = threading.Event()
        self.inside = 0  # searches that have begun
        work = service.batcher.work

        def held(key, lines):
            self.inside += 1
            self.open.wait(PATIENT)
            return work(key, lines)

        service.batcher.work = held


class Running:
    """A server in a thread."""

    def __init__(self, settings: Config):
        self.service = Service(settings)
        self.socket = listening("127.0.0.1", 0)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = Server(settings, self.service)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))
        self.http = httpx.Client(base_url=self.url, timeout=PATIENT)

    def post(self, path: str, **body) -> httpx.Response:
        """A JSON body sent."""
        return self.http.post(path, json=body)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT)


@contextmanager
def running(*runs: Run, **settings) -> Iterator[Running]:
    """A server of these runs."""
    folders = tuple(str(run.folder) for run in runs)
    found = Running(Config(runs=folders, engine="own", **settings))
    found.thread.start()
    until(lambda: found.server.started, "the server to begin")
    try:
        yield found
    finally:
        found.http.close()
        found.service.draining = True
        found.thread.join(PATIENT)
        assert not found.thread.is_alive(), "the server did not end"


class Command:
    """`regard serve` as a process."""

    def __init__(self, *words: object):
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "regard.cli", "serve", *map(str, words), "--port", "0"],
            stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.said: list[str] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        until(lambda: self.found() or self.process.poll() is not None, "an address")
        self.url = self.found()
        assert self.url, "".join(self.said)

    def read(self) -> None:
        """What it says."""
        for line in self.process.stderr or ():
            self.said.append(line)

    def found(self) -> str:
        """Where it listens."""
        match = re.search(r"http://[\d.]+:\d+", "".join(self.said))
        return match[0] if match else ""

    def ready(self) -> bool:
        """Does it take requests?"""
        try:
            return httpx.get(f"{self.url}/ready", timeout=PATIENT).status_code == 200
        except httpx.HTTPError:
            return False

    def end(self, sign: int = signal.SIGTERM) -> int:
        """Tell it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(PATIENT)
        self.reader.join(PATIENT)
        return code
