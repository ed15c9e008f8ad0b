"""From the bytes of a request to checked wishes: size, type, UTF-8, JSON or form, fields.

Strict: a name twice, NaN, half a surrogate pair, a NUL are mistakes, each told in a sentence.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from starlette.requests import ClientDisconnect

from regard.recipe import Fault, nearest
from regard.serve.errors import Gone, Refusal

ARRIVAL = 30  # seconds within which a body has to be there
FORM = "application/x-www-form-urlencoded"
B = TypeVar("B", bound=BaseModel)


def without_nul(text: str) -> str:
    """The text. Raises ValueError if it holds a NUL, which no text does."""
    if "\x00" in text:
        raise ValueError("holds a NUL character; send plain text")
    return text


Text = Annotated[str, AfterValidator(without_nul)]


class Body(BaseModel):
    """Base of what requests say: types are what they say they are."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def known_keys(cls, data: Any) -> Any:
        """Refuse a name that is no field, naming the nearest one, unless all are let pass."""
        if isinstance(data, Mapping) and cls.model_config.get("extra") == "forbid":
            for key in data:
                if key not in cls.model_fields:
                    hint = nearest(str(key)[:40], cls.model_fields)
                    raise Fault(f"{key:.40}", f"no such field; {hint}")
        return data


def reads(kind: type[Body], *others: str) -> dict[str, Any]:
    """A body as a route declares it for the OpenAPI document: JSON, or of other types too."""
    schema = inlined(kind.model_json_schema())
    content = {sort: {"schema": schema} for sort in ("application/json", *others)}
    return {"requestBody": {"required": True, "content": content}}


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema with its definitions where they are named."""
    known = schema.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(x) for x in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(known[part["$ref"].rpartition("/")[2]])
        return {name: whole(x) for name, x in part.items()}

    return whole(schema)


async def read(request: Request, kind: type[B], most: int, form: bool = False) -> B:
    """The body as one of this kind; as a form too where that is allowed.

    Raises Refusal for whatever is wrong with it.
    """
    sort = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sort == FORM and form:
        return checked(kind, fields(await raw(request, most)), strict=False)
    if sort != "application/json":
        wanted = f"application/json or {FORM}" if form else "application/json"
        got = f"not {sort:.60}" if sort else "and this request names none"
        raise Refusal(415, f"Content-Type: {wanted} is read here, {got}")
    return checked(kind, document(await raw(request, most)))


async def raw(request: Request, most: int) -> bytes:
    """All bytes of the body. Raises Refusal if they are too many, Gone if they never come."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(ARRIVAL):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise too_large(most)
                parts.append(part)
    except ClientDisconnect:
        raise Gone from None
    except TimeoutError:
        raise too_slow() from None
    return b"".join(parts)


def too_slow() -> Refusal:
    """What to say to a body that does not come."""
    return Refusal(408, f"the body did not arrive within {ARRIVAL} s", Connection="close")


def too_large(most: int) -> Refusal:
    """What to say to more bytes than these."""
    return Refusal(
        413, f"the body has more than {most} bytes; send less at once", Connection="close"
    )


def decoded(data: bytes) -> str:
    """The text. Raises Refusal if it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start} is out of place") from None


def document(data: bytes) -> Any:
    """The value of a JSON document. Raises Refusal if it is none, or an ambiguous one."""
    text = decoded(data)
    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
        if "\\ud" in text or "\\uD" in text:  # an escape may be half a character
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        raise Refusal(400, "the body holds half of a surrogate pair: no text does") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, f"the body is no JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deep to be read") from None
    except ValueError as error:  # our own hooks, or a number with more digits than Python reads
        said = str(error) if isinstance(error, Fault) else "a number in it is too long"
        raise Refusal(400, f"the body is no JSON: {said}") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Raises Fault if a name is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Fault(f"{twice!r:.60}", "stands there twice")
    return found


def no_constant(name: str) -> Any:
    """Raises Fault: NaN and Infinity are no JSON."""
    raise Fault(name, "is no number that JSON knows")


def fields(data: bytes) -> dict[str, Any]:
    """A form's fields; one that is there several times is a list of texts."""
    try:
        pairs = parse_qsl(
            decoded(data), keep_blank_values=True, errors="strict", max_num_fields=1000
        )
    except UnicodeDecodeError:
        raise Refusal(400, "the form holds %-escapes that are not UTF-8") from None
    except ValueError:
        raise Refusal(400, "the form has more than 1000 fields") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        old = found.get(name)
        found[name] = value if old is None else [*(old if isinstance(old, list) else [old]), value]
    return found


def checked(kind: type[B], data: Any, strict: bool = True) -> B:
    """What plain data says. Raises Refusal with the first mistake."""
    if not isinstance(data, dict):
        raise Refusal(400, f"the body is {named(data)}, where an object with fields is wanted")
    try:
        return kind.model_validate(data, strict=strict)
    except ValidationError as error:
        raise Refusal(400, sentence(error)) from None


def sentence(error: ValidationError) -> str:
    """The first mistake: where, what is wrong, what was there."""
    first = error.errors(include_url=False)[0]
    inner = first.get("ctx", {}).get("error")
    path = ".".join(f"{part:.40}" if isinstance(part, str) else str(part) for part in first["loc"])
    if isinstance(inner, Fault):
        return f"{'.'.join(p for p in (path, inner.path) if p)}: {inner.message}"
    if isinstance(inner, ValueError):
        return f"{path}: {inner}"
    if first["type"] == "missing":
        return f"{path}: is missing"
    said = first["msg"].removeprefix("Input should be").strip()
    wanted = f"wants {said}" if first["msg"].startswith("Input should be") else said
    return f"{path}: {wanted}, got {named(first['input'])}"


def named(value: Any) -> str:
    """What a value is, in words; short ones as they are."""
    words = {dict: "an object", list: "a list", bool: str(value).lower(), type(None): "null"}
    if type(value) in words:
        return words[type(value)]
    if isinstance(value, str) and len(value) > 40:
        return f"a text of {len(value)} characters"
    try:
        return ascii(value) if len(ascii(value)) <= 60 else "a long number"
    except ValueError:  # an integer of thousands of digits
        return "a long number"
