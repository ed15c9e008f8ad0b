"""The page, and /docs: files as they lie in page/, and the OpenAPI document as plain HTML."""

import mimetypes
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from regard import look
from regard.serve.errors import Refusal

FOLDER = Path(__file__).parent / "page"
TOOLS = Path(look.__file__).with_name("dom.js")  # in saved pages too
FRESH = {"Cache-Control": "no-cache"}  # a browser asks each time whether its copy still is right
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}

router = APIRouter(include_in_schema=False)


@cache
def files() -> dict[str, Path]:
    """What can be fetched, by its address; nothing else ever reaches the file system."""
    return {
        path.relative_to(FOLDER).as_posix(): path
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    } | {TOOLS.name: TOOLS}


@router.get("/")
async def index() -> Response:
    """The page."""
    return sent("index.html")


@router.get("/page/{name:path}")
async def part(name: str) -> Response:
    """A part of the page."""
    return sent(name)


def sent(name: str) -> Response:
    """A file of the page. Raises Refusal if there is none of this name."""
    if name not in files():
        raise Refusal(404, "the page has no such part")
    path = files()[name]
    sort = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=sort, headers=FRESH)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The API, for people: no script, nothing from elsewhere."""
    return HTMLResponse(page(request.app.openapi()))


def page(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><title>Regard API</title>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<p>{escape(info['description'])}</p>",
        "<p>For programs: <a href=/openapi.json>/openapi.json</a></p>",
    ]
    for path, methods in document["paths"].items():
        for method, what in methods.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2>")
            parts.append(f"<p>{escape(what.get('description', ''))}</p>")
            parts += body(what)
            rows = what["responses"].items()
            said = "".join(f"<li>{code}: {escape(x['description'])}" for code, x in rows)
            parts.append(f"<ul>{said}</ul>")
    return "\n".join(parts)


def body(what: dict[str, Any]) -> list[str]:
    """The fields that a route reads, as a table."""
    content = what.get("requestBody", {}).get("content", {})
    if not content:
        return []
    schema = next(iter(content.values()))["schema"]
    needed = set(schema.get("required", []))
    rows = [
        f"<tr><td><code>{escape(name)}</code><td>{'needed' if name in needed else ''}"
        f"<td><code>{escape(told(field))}</code>"
        for name, field in schema.get("properties", {}).items()
    ]
    types = escape(", ".join(content))
    return [
        f"<p>{escape(schema.get('description', ''))} ({types})</p>",
        f"<table>{''.join(rows)}</table>",
    ]


def told(field: dict[str, Any]) -> str:
    """What a field takes, in short."""
    sorts = [field, *field.get("anyOf", [])]
    found = " or ".join(str(x["type"]) for x in sorts if "type" in x)
    found = " or ".join(map(repr, field["enum"])) if "enum" in field else found
    return f"{found} = {field['default']!r}" if field.get("default") is not None else found
