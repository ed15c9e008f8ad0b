"""What goes wrong is told as {"error": "one sentence"}, whatever it was."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from regard.recipe import UserError

log = logging.getLogger("regard.serve")

# Status -> when, as the OpenAPI document tells it.
MEANING = {
    400: "The request asks for something that cannot be done; the sentence says what.",
    401: "This server wants an API key.",
    403: "This API key is not known.",
    404: "There is nothing here.",
    408: "The request did not arrive in time.",
    413: "The request is larger than this server takes.",
    415: "The body is of another type than the one this address reads.",
    429: "Too much is asked for just now; Retry-After says when to ask again.",
    503: "The server is shutting down, or has too many requests under way.",
    504: "There was no answer in time.",
}


class Told(BaseModel):
    """What every error looks like."""

    error: str


class Refusal(Exception):
    """An answer other than the one wished for: a status, a sentence, perhaps headers."""

    def __init__(self, status: int, sentence: str, **headers: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Gone(Exception):
    """The client has left: nobody hears the answer."""


def later(seconds: float, sentence: str) -> Refusal:
    """Too much just now; ask again after so many seconds."""
    wait = max(1, min(60, round(seconds + 0.5)))
    return Refusal(429, f"{sentence}; ask again in {wait} s", Retry_After=str(wait))


def told(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as it is sent; one line, and valid Unicode even where it quotes what is not."""
    line = " ".join(sentence.encode("utf-8", "replace").decode("utf-8").split())
    return JSONResponse({"error": line}, status, headers)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors, as a route declares them for the OpenAPI document."""
    return {status: {"model": Told, "description": MEANING[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Every error of the application becomes a sentence."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return told(error.status, error.sentence, error.headers)

    @app.exception_handler(UserError)
    async def wrong(request: Request, error: UserError) -> JSONResponse:
        return told(400, str(error))

    @app.exception_handler(Gone)
    async def gone(request: Request, error: Gone) -> JSONResponse:
        return told(499, "the client has left")

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return told(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        known = {
            404: f"nothing is at {request.url.path:.100}; /docs lists what is",
            405: f"{request.method:.20} is not for {request.url.path:.100}; /docs says what is",
        }
        sentence = known.get(error.status_code, str(error.detail))
        return told(error.status_code, sentence, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return told(500, "something went wrong in the server, which has logged it")
