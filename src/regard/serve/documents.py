"""Files: sent to /translate_file, translated beside the queue, fetched from /download_file."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect
from starlette.types import Message

from regard.data.corpus.base import languages
from regard.files.base import Answer, Document, Many, decoded, kinds
from regard.files.filling import fill, framed
from regard.recipe import UserError
from regard.serve.answering import crowded
from regard.serve.bodies import ARRIVAL, checked, too_large, too_slow
from regard.serve.errors import Gone, Refusal, answers
from regard.serve.libretranslate import COMMON, Languages
from regard.serve.service import service, unless_gone
from regard.tasks.translator import Translator

router = APIRouter(tags=["LibreTranslate"])
FORM = "multipart/form-data"
CHUNK = 64  # lines after which is looked whether anybody still waits
SPARE = 1 << 16  # bytes of a form that are not of the file

UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": {
            "type": "object",
            "required": ["file", "source", "target"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "source": {"type": "string", "examples": ["de"]},
                "target": {"type": "string", "examples": ["en"]},
                "api_key": {"type": "string"},
            },
        }}},
    }
}  # fmt: skip


class Translated(BaseModel):
    """Where the file can be fetched, for a while."""

    translatedFileUrl: str


@router.post("/translate_file", responses=COMMON, openapi_extra=UPLOAD)
async def translate_file(request: Request) -> Translated:
    """Translate a file; what in it is no text stays byte for byte."""
    here = service(request)
    async with asyncio.timeout(here.limits.file_seconds):
        form = await read(request, here.limits.file_bytes)
    try:
        file = form.get("file")
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        wish = checked(Languages, said, strict=False)
        here.admit(request, wish.api_key)
        if not isinstance(file, UploadFile) or not file.filename:
            raise Refusal(400, "file: is missing; send it as a part of the form, with its name")
        data, name = await file.read(), file.filename
    finally:
        await form.close()
    source = wish.source
    if source == "auto":
        among = here.runs.sources(wish.target)
        source = here.detector.language(data.decode("utf-8", "replace"), among or ["auto"])[0]
    key = here.key(source, wish.target)
    translator, stop = here.runs[key.run].translator, Event()
    try:
        made = await unless_gone(request, here.beside.run(
            here.limits.file_seconds, translated, data, name, translator, key.direction, stop
        ))  # fmt: skip
    finally:
        stop.set()
    stem, suffix = Path(name).stem, Path(name).suffix
    place = await asyncio.to_thread(here.kept.put, f"{stem}_{wish.target}{suffix}", made)
    return Translated(translatedFileUrl=f"{base(request)}/download_file/{place}")


@router.get(
    "/download_file/{token}/{name}", responses=answers(404, 503), response_class=FileResponse
)
async def download_file(request: Request, token: str, name: str) -> FileResponse:
    """A translated file."""
    path = service(request).kept.get(token)
    return FileResponse(
        path, media_type="application/octet-stream", filename=path.name,
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


async def read(request: Request, most: int) -> FormData:
    """A form with a file in it. Raises Refusal if it is none, or too large."""
    sort = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sort != FORM:
        raise Refusal(415, f"Content-Type: {FORM} is read here")
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > most + SPARE:
            raise too_large(most)
        return message

    try:
        async with asyncio.timeout(ARRIVAL):
            return await Request(request.scope, receive).form(max_files=1, max_fields=20)
    except TimeoutError:
        raise too_slow() from None
    except ClientDisconnect:
        raise Gone from None


def translated(
    data: bytes, name: str, translator: Translator, direction: str, stop: Event
) -> bytes:
    """The file, filled. Raises UserError for one that is not of its kind, Gone if told to stop."""
    found = document(data, name)
    if isinstance(found, Many):
        found = found.aimed(*languages(direction))
    cores = (core for unit in found.units for _, core, _ in framed(unit))
    stays = {core: core for core in cores if crowded(core)}
    return fill(found, translator, direction, name, stays, chunks(stop)).data


def document(data: bytes, name: str) -> Document:
    """A file as its suffix says. Raises UserError for one of a kind that is not known."""
    suffix = Path(name).suffix.lower()
    if suffix == ".txt":
        return Plain(decoded(data, name))
    if suffix not in kinds():
        known = ", ".join([".txt", *sorted(kinds())])
        raise UserError(f"file: {suffix[:20] or 'no suffix'} is of no kind that is read: {known}")
    return kinds()[suffix].read(data, name)


def chunks(stop: Event) -> Callable[[Sequence[str]], Iterator[Sequence[str]]]:
    """Some lines at a time. Raises Gone between two of them once `stop` is set."""

    def parts(lines: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(lines), CHUNK):
            if stop.is_set():
                raise Gone
            yield lines[start : start + CHUNK]

    return parts


class Plain(Document):
    """Plain text: a line is a unit."""

    language = None

    def __init__(self, text: str):
        self.lines = re.split(r"(\r?\n)", text)  # and the ends between them
        self.places = [i for i in range(0, len(self.lines), 2) if self.lines[i].strip()]
        self.units = [self.lines[i] for i in self.places]

    def filled(self, answers: Sequence[Answer | None]) -> bytes:
        """See `files.base.Document`."""
        made = list(self.lines)
        for i, answer in zip(self.places, answers, strict=True):
            made[i] = made[i] if answer is None else answer.text
        return "".join(made).encode()


def base(request: Request) -> str:
    """Where the client found this server: by the Host it named, if that is one."""
    host = request.headers.get("host", "")
    if not re.fullmatch(r"[\w.-]{1,255}(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?", host, re.ASCII):
        server = request.scope.get("server") or ("127.0.0.1", 80)
        host = f"{server[0]}:{server[1]}"
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}"
