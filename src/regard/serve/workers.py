"""Several processes that serve at one socket; one that dies is started again."""

import multiprocessing
import os
import signal
import socket
import tempfile
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from regard.recipe import UserError
from regard.serve.errors import log
from regard.serve.metrics import FOLDER
from regard.serve.server import serve
from regard.serve.settings import Config

SOON = 10  # seconds: a process that dies so soon would die again
OFTEN = 5  # so many times in a row, and we give up


def serve_by_several(settings: Config, where: socket.socket, count: int) -> None:
    """Serve until told to end. Raises UserError if processes die as soon as they begin."""
    with tempfile.TemporaryDirectory(prefix="regard-serve-") as name:
        folder = Path(name)
        (folder / "metrics").mkdir()
        os.environ[FOLDER] = str(folder / "metrics")  # processes inherit it
        kept = settings.folder or str(folder / "files")
        Workers(settings.model_copy(update={"folder": kept}), where, count).run()


class Workers:
    """The processes and the one that watches them."""

    def __init__(self, settings: Config, where: socket.socket, count: int):
        self.settings, self.where, self.count = settings, where, count
        self.context = multiprocessing.get_context("spawn")  # threads do not survive a fork
        self.processes: dict[BaseProcess, float] = {}  # and when they began
        self.ending, self.failed = False, 0

    def run(self) -> None:
        """Until all have ended."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.end)
        for _ in range(self.count):
            self.start()
        while self.processes:
            wait([process.sentinel for process in self.processes], timeout=0.5)
            for process in [p for p in self.processes if not p.is_alive()]:
                self.ended(process, time.monotonic() - self.processes.pop(process))
            if self.failed >= OFTEN and not self.ending:
                self.end()
        if self.failed >= OFTEN:
            raise UserError(f"{self.failed} processes died within {SOON} s each; see above why")

    def start(self) -> None:
        """One more."""
        process = self.context.Process(target=work, args=(self.settings.model_dump(), self.where))
        process.start()
        self.processes[process] = time.monotonic()

    def ended(self, process: BaseProcess, seconds: float) -> None:
        """One has ended: in its place another, unless all are to end."""
        if self.ending:
            return
        log.warning("process %s ended with %s; starting another", process.pid, process.exitcode)
        self.failed = self.failed + 1 if seconds < SOON else 0
        self.start()

    def end(self, *signal_: object) -> None:
        """Tell all to finish what they accepted, and to end."""
        self.ending = True
        for process in self.processes:
            process.terminate()


def work(settings: dict, where: socket.socket) -> None:
    """What each process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the one that watches tells us
    serve(Config.model_validate(settings), where)
