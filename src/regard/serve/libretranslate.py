"""The API of LibreTranslate (https://libretranslate.com), so that its clients work unchanged."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from regard.data.marks import survive
from regard.files.base import kinds
from regard.serve.answering import Answer
from regard.serve.batching import Key
from regard.serve.bodies import FORM, Body, Text, read, reads, without_nul
from regard.serve.errors import Refusal, answers
from regard.serve.names import NAMES
from regard.serve.service import Service, service, unless_gone

router = APIRouter(tags=["LibreTranslate"])
COMMON = answers(400, 401, 403, 408, 413, 415, 429, 503, 504)


def texts(value: Any) -> Any:
    """A text or a list of texts. Raises ValueError for anything else."""
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, str) for row in rows):
        raise ValueError("wants a text or a list of texts")
    for row in rows:
        without_nul(row)
    return value


SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Texts = Annotated[Any, BeforeValidator(texts), WithJsonSchema(SCHEMA)]


class Open(Body):
    """A body of LibreTranslate's; what else its clients may send is let pass."""

    model_config = ConfigDict(extra="ignore")

    q: Texts = Field(examples=["Ein Hund rennt."])
    api_key: Text | None = None


class Languages(Body):
    """From which language, or "auto", into which."""

    model_config = ConfigDict(extra="ignore")

    source: Text = Field(examples=["auto"])
    target: Text = Field(examples=["en"])
    api_key: Text | None = None


class Translate(Languages, Open):
    """What /translate reads; `alternatives`: how many others."""

    format: Literal["text", "html"] = "text"
    alternatives: int = Field(0, ge=0, le=100)


@router.post("/translate", responses=COMMON, openapi_extra=reads(Translate, FORM))
async def translate(request: Request) -> Response:
    """Translate a text, or each of a list; lines stay lines, and HTML keeps its tags."""
    here = service(request)
    wish = await read(request, Translate, here.limits.body_bytes, form=True)
    here.admit(request, wish.api_key)
    several = isinstance(wish.q, list)
    given = wish.q if several else [wish.q]
    here.measured(given)
    if wish.alternatives >= here.limits.best:
        raise Refusal(400, f"alternatives: wants fewer than {here.limits.best}")
    found = [detected(here, wish, text) for text in given]
    keys = [here.key(str(x["language"]), wish.target, 1 + wish.alternatives) for x in found]
    made: list[Answer] = await unless_gone(request, answered(here, wish, given, keys))
    said: dict[str, Any] = {"translatedText": several_or_one([x.text for x in made], several)}
    if wish.alternatives:
        others = [alternatives(*x, wish.alternatives) for x in zip(given, made, strict=True)]
        said["alternatives"] = several_or_one(others, several)
    if wish.source == "auto":
        said["detectedLanguage"] = several_or_one(found, several)
    return JSONResponse(said)


async def answered(
    here: Service, wish: Translate, given: list[str], keys: list[Key]
) -> list[Answer]:
    """The answers, in the format asked for."""
    if wish.format == "html":
        return await here.answering.html(given, keys)
    return await here.answering.texts(given, keys)


def detected(here: Service, wish: Translate, text: str) -> dict[str, Any]:
    """The language of a text: as told, or the likeliest that can be translated."""
    if wish.source != "auto":
        return {"language": wish.source, "confidence": 100.0}
    among = here.runs.sources(wish.target)
    if not among:
        here.runs.find("auto", wish.target)  # says what there is
    language, confidence = here.detector.language(text, among)
    return {"language": language, "confidence": confidence}


def alternatives(source: str, answer: Answer, count: int) -> list[str]:
    """Other answers, through which every mark came."""
    others = dict.fromkeys(text for text, _ in answer.n_best if text != answer.text)
    return [text for text in others if survive(source, text)][:count]


def several_or_one(rows: list[Any], several: bool) -> Any:
    """As it was asked."""
    return rows if several else rows[0]


@router.post("/detect", responses=COMMON, openapi_extra=reads(Open, FORM))
async def detect(request: Request) -> list[dict[str, Any]]:
    """The languages that a text may be in, likeliest first, of those that are served."""
    here = service(request)
    wish = await read(request, Open, here.limits.body_bytes, form=True)
    here.admit(request, wish.api_key)
    given = wish.q if isinstance(wish.q, list) else [wish.q]
    here.measured(given)
    here.runs.translate()
    ranked = here.detector.ranked("\n".join(given))
    return [{"language": language, "confidence": p} for language, p in ranked]


@router.get("/languages")
async def languages(request: Request) -> list[dict[str, Any]]:
    """What is read, and into what it can be translated."""
    runs = service(request).runs
    return [
        {"code": code, "name": NAMES.get(code, code), "targets": runs.targets(code)}
        for code in runs.languages
    ]


@router.get("/frontend/settings")
async def settings(request: Request) -> dict[str, Any]:
    """What a page in front of the API needs to know."""
    here = service(request)
    way = next(iter(here.runs.ways), ())  # a server of classifiers has none
    both: list[Any] = [{"code": code, "name": NAMES.get(code, code)} for code in way] or [None] * 2
    return {
        "apiKeys": bool(here.keys), "keyRequired": bool(here.keys),
        "charLimit": here.limits.characters, "batchLimit": here.limits.lines,
        "frontendTimeout": 500, "suggestions": False, "filesTranslation": bool(way),
        "supportedFilesFormat": [".txt", *sorted(kinds())] if way else [],
        "language": {"source": both[0], "target": both[1]},
    }  # fmt: skip
