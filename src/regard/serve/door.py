"""What every request passes: counted, timed, turned away while the server ends, headers added."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regard.serve.errors import told
from regard.serve.service import Service

DRAIN, DRAIN_SECONDS = 16 << 20, 5  # of a body that was refused
OPEN = {"/health", "/ready", "/metrics"}  # also while the server ends
HEADERS = [
    (b"content-security-policy", b"default-src 'self'; object-src 'none'; base-uri 'none'; "
     b"form-action 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]  # fmt: skip


class Door:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, service: Service):
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, ended = time.monotonic(), 500, False

        async def receives() -> Message:
            nonlocal ended
            message = await receive()
            ended = not message.get("more_body")
            return message

        async def sends(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 and not ended:
                    await drained(receives, lambda: ended)
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        service = self.service
        service.active += 1
        try:
            turned = None if scope["path"] in OPEN else self.turned_away()
            await (turned or self.app)(scope, receives, sends)
        finally:
            service.active -= 1
            service.metrics.request(route(scope), status, time.monotonic() - start)

    def turned_away(self) -> Any:
        """The answer to a request that cannot be taken now."""
        headers = {"Retry-After": "5", "Connection": "close"}
        if self.service.draining:
            return told(503, "the server is shutting down; ask again in 5 s", headers)
        if self.service.active > self.service.limits.requests:
            return told(503, "too many requests are under way; ask again in 5 s", headers)
        return None


async def drained(receive: Receive, ended: Callable[[], bool]) -> None:
    """Read what is left of a body, up to a bound: who still sends would not hear the answer."""
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while not ended() and size < DRAIN:
                size += len((await receive()).get("body", b""))


def route(scope: Scope) -> str:
    """The path of the route that took it, as it was declared; "other" if none did."""
    return getattr(scope.get("route"), "path", None) or "other"
