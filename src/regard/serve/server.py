"""The process that listens: uvicorn, ended in the right order."""

import signal
import socket
from types import FrameType

import uvicorn

from regard.recipe import UserError
from regard.serve.service import Service
from regard.serve.settings import Config

BACKLOG = 2048


class Server(uvicorn.Server):
    """One that, told to end, first finishes what it accepted and only then stops to listen.

    It makes its application itself, in the process that serves: settings travel, models do not.
    """

    def __init__(self, settings: Config, service: Service | None = None):
        super().__init__(uvicorn.Config(
            "regard", log_level="warning", access_log=False, server_header=False, backlog=BACKLOG,
            timeout_keep_alive=30, h11_max_incomplete_event_size=1 << 16, ws="none",
        ))  # fmt: skip
        self.settings, self.service = settings, service

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to end."""
        from regard.serve.app import create

        self.service = self.service or Service(self.settings)
        self.config.app = create(self.service)
        super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal: finish what was accepted. An interrupt after that: end at once."""
        if self.service is not None and not self.service.draining:
            self.service.draining = True
        elif sig == signal.SIGINT:
            self.should_exit = self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it time to end?"""
        if self.service is not None and self.service.draining and not self.service.active:
            self.should_exit = True
        return await super().on_tick(counter)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UserError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # else the second packet of an answer waits 40 ms for word that the first has come; asyncio does
    # this only for sockets that name their protocol
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        made.bind((host, port))
        made.listen(BACKLOG)
        return made
    except (OSError, OverflowError) as error:
        made.close()
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{host}:{port}: cannot be listened at ({why}); try --port") from None


def serve(settings: Config, where: socket.socket, service: Service | None = None) -> None:
    """Serve with this process until told to end."""
    Server(settings, service).run([where])
