"""Our own API for runs that judge texts: labels with their probabilities, and what words count."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from regard.data.reading import Texts
from regard.recipe import UserError
from regard.serve.batching import Key, Line
from regard.serve.bodies import Body, Text, read, reads
from regard.serve.errors import answers
from regard.serve.judging import attributed, numeric
from regard.serve.runs import READS
from regard.serve.service import service, unless_gone
from regard.tasks.classifier import Judgement

router = APIRouter(prefix="/v1", tags=["Regard"])
COMMON = answers(400, 401, 403, 408, 413, 415, 429, 503, 504)
Pair = Annotated[list[Text], Field(min_length=2, max_length=2)]


class Judge(Body):
    """Texts, or pairs of them, and by which run; what is less sure than `min_confidence` gets no
    label.
    """

    texts: list[Text] | None = Field(None, examples=[["재미있어요"]])
    pairs: list[Pair] | None = None
    run: Text | None = None
    min_confidence: float = Field(0.0, ge=0, le=1)

    def rows(self) -> list[Texts]:
        """Rows of one text, or of two. Raises UserError unless one kind is asked for."""
        if (self.texts is None) == (self.pairs is None):
            raise UserError("texts: or pairs are wanted, the one or the other")
        return [(x,) for x in self.texts or ()] or [tuple(pair) for pair in self.pairs or ()]


class Attribute(Body):
    """A text, or the two of a pair."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=2)] = Field(
        examples=[["재미있어요"]]
    )
    run: Text | None = None


@router.post("/classify", responses=COMMON, openapi_extra=reads(Judge))
async def classify(request: Request) -> Response:
    """Label each of a list of texts, or of pairs; how probable each label is."""
    here = service(request)
    wish = await read(request, Judge, here.limits.body_bytes)
    here.admit(request)
    rows = wish.rows()
    columns = 1 if wish.pairs is None else 2
    here.measured([text for row in rows for text in row], READS[columns - 1], len(rows))
    run = here.runs.classifier(wish.run, columns)
    if wish.min_confidence and numeric(here.runs.classifiers[run]):
        raise UserError(f"min_confidence: the run {run} answers with numbers, as sure of all")
    lines = [Line(Key(run, ""), row[0], other="".join(row[1:])) for row in rows]
    found = await unless_gone(request, here.batcher.answers(lines, here.limits.seconds))
    return JSONResponse({"run": run, "answers": [told(x, wish.min_confidence) for x in found]})


def told(one: Judgement, least: float) -> dict[str, Any]:
    """A judgement as it is sent; without its label if it is less sure than it has to be."""
    abstained = one.confidence is not None and one.confidence < least
    return {
        "label": "" if abstained else one.label, "confidence": one.confidence,
        "probabilities": one.probabilities, "abstained": abstained,
    }  # fmt: skip


@router.post("/attribute", responses=COMMON, openapi_extra=reads(Attribute))
async def attribute(request: Request) -> Response:
    """What each word counts for in an answer: by slopes, and by attention. The two can differ."""
    here = service(request)
    wish = await read(request, Attribute, here.limits.body_bytes)
    here.admit(request)
    here.measured(wish.texts, "texts", 1)
    run = here.runs.classifier(wish.run, len(wish.texts))
    found = await unless_gone(request, here.beside.run(
        here.limits.seconds, attributed, here.runs.classifiers[run], tuple(wish.texts)
    ))  # fmt: skip
    return Response(found, media_type="application/json")
