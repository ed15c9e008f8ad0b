"""Our own API, /v1: translations with confidence, looks inside, alternatives, streams."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field

from regard import Loaded
from regard.look.saving import dumps
from regard.recipe import UserError
from regard.serve import judging, looking
from regard.serve.answering import Answer
from regard.serve.bodies import Body, Text, read, reads
from regard.serve.errors import answers
from regard.serve.service import service, unless_gone
from regard.serve.streaming import events

router = APIRouter(prefix="/v1", tags=["Regard"])
COMMON = answers(400, 401, 403, 408, 413, 415, 429, 503, 504)


class Pair(Body):
    """From which language into which."""

    source: Text = Field(examples=["de"])
    target: Text = Field(examples=["en"])


class Translate(Pair):
    """`prefix`: how the answer to the one text must begin; what is less likely to be good than
    `min_confidence` comes back as its source.
    """

    q: list[Text] = Field(examples=[["Ein Hund rennt."]])
    n_best: int = Field(1, ge=1, le=100)
    prefix: Text | None = None
    min_confidence: float | None = Field(None, ge=0, le=1)


class Head(Body):
    """An attention head: a look's map, and its number there."""

    map: Text = Field(examples=["decoder.0.cross"])
    head: int = Field(ge=0, le=1000)


class Look(Pair):
    """One sentence to look at; `off`: heads that are switched off meanwhile."""

    q: Text = Field(examples=["Ein Hund rennt."])
    prefix: Text = ""
    off: list[Head] = Field([], max_length=1000)


class Alternatives(Pair):
    """What could stand behind `prefix`."""

    q: Text = Field(examples=["Ein Hund rennt."])
    prefix: Text = ""
    count: int = Field(8, ge=1, le=50)


class Stream(Pair):
    """A text that is answered as it grows."""

    q: Text = Field(examples=["Ein Hund rennt."])


@router.get("/runs")
async def runs(request: Request) -> list[dict[str, Any]]:
    """The runs that are served, what each does, and the attention heads that can be looked at."""
    known = service(request).runs
    return [
        described(name, one) if name in known.translators else judging.described(name, one)
        for name, one in known.all.items()
    ]


def described(name: str, loaded: Loaded) -> dict[str, Any]:
    """A run as /v1/runs tells it."""
    engine = loaded.translator.engine
    return {
        "name": name, "verb": "translate", "directions": list(loaded.directions),
        "engine": engine.name if engine is not None else "own",
        "confidence": loaded.translator.confidence is not None,
        "heads": looking.heads(loaded.translator),
    }  # fmt: skip


@router.post("/translate", responses=COMMON, openapi_extra=reads(Translate))
async def translate(request: Request) -> Response:
    """Translate each of a list of texts; how likely each answer is good, and how it came about."""
    here = service(request)
    wish = await read(request, Translate, here.limits.body_bytes)
    here.admit(request)
    here.measured(wish.q)
    if wish.n_best > here.limits.best:
        raise UserError(f"n_best: {here.limits.best} is the most")
    if wish.prefix is not None and (len(wish.q) != 1 or "\n" in wish.q[0]):
        raise UserError(f"prefix: is for one text of one line, and q has {len(wish.q)} texts")
    key = here.key(wish.source, wish.target, wish.n_best, wish.prefix is not None)
    knows = here.runs[key.run].translator.confidence is not None
    if wish.min_confidence is not None and not knows:
        raise UserError(
            f"min_confidence: the run {key.run} knows no confidence yet; "
            "`regard calibrate` teaches it"
        )
    work = here.answering.texts(wish.q, [key] * len(wish.q), wish.prefix or "")
    made: list[Answer] = await unless_gone(request, work)
    rows = zip(wish.q, made, strict=True)
    return JSONResponse({"translations": [told(q, x, wish.min_confidence) for q, x in rows]})


def told(source: str, answer: Answer, least: float | None) -> dict[str, Any]:
    """An answer as /v1/translate tells it."""
    unsure = least is not None and answer.confidence is not None and answer.confidence < least
    return {
        "text": source if unsure else answer.text, "score": answer.score,
        "confidence": answer.confidence, "how": "source" if unsure else answer.how,
        "n_best": [{"text": text, "score": score} for text, score in answer.n_best],
    }  # fmt: skip


@router.post("/look", responses=COMMON, openapi_extra=reads(Look))
async def look(request: Request) -> Response:
    """Attention, alignment, token scores, beam and n-best for one sentence."""
    here = service(request)
    wish = await read(request, Look, here.limits.body_bytes)
    here.admit(request)
    here.measured([wish.q, wish.prefix])
    key = here.key(wish.source, wish.target)
    off = [(one.map, one.head) for one in wish.off]
    found = await unless_gone(request, here.beside.run(
        here.limits.seconds, looking.looked, here.runs[key.run].translator, wish.q,
        key.direction, wish.prefix, off,
    ))  # fmt: skip
    return Response(found, media_type="application/json")


@router.post("/alternatives", responses=COMMON, openapi_extra=reads(Alternatives))
async def alternatives(request: Request) -> Response:
    """What could stand as the next word behind a prefix, each with what then follows."""
    here = service(request)
    wish = await read(request, Alternatives, here.limits.body_bytes)
    here.admit(request)
    here.measured([wish.q, wish.prefix])
    key = here.key(wish.source, wish.target)
    found = await unless_gone(request, here.beside.run(
        here.limits.seconds, looking.others, here.runs[key.run].translator, wish.q,
        wish.prefix, key.direction, wish.count,
    ))  # fmt: skip
    return Response(dumps({"alternatives": found}), media_type="application/json")


@router.post("/stream", responses=COMMON, openapi_extra=reads(Stream))
async def stream(request: Request) -> Response:
    """Answers as they grow, line by line, as server-sent events."""
    here = service(request)
    wish = await read(request, Stream, here.limits.body_bytes)
    here.admit(request)
    here.measured([wish.q])
    key = here.key(wish.source, wish.target)
    translator = here.runs[key.run].translator
    made = events(here.beside, here.limits.seconds, translator, wish.q, key.direction)
    first = await anext(made)  # what is refused is refused before the answer has begun

    async def rest() -> Any:
        yield first
        async for event in made:
            yield event

    return StreamingResponse(rest(), media_type="text/event-stream", headers=NO_STORE)


NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # proxies hold nothing back
