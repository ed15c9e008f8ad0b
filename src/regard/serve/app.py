"""The application: what a service answers, and at which addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

import regard
from regard.serve import classifying, documents, errors, health, inside, libretranslate, static
from regard.serve.door import Door
from regard.serve.service import Service

ABOUT = """Translations and labels by models of your own. The addresses of **LibreTranslate** are
spoken, so that its clients work unchanged; those below `/v1` tell more: scores, confidence,
attention, the beam; `/v1/classify` labels texts. Every error is `{"error": "one sentence"}`."""


def create(service: Service) -> FastAPI:
    """The application of a service, which begins and ends with it."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    app = FastAPI(
        title="Regard", version=regard.__version__, description=ABOUT, lifespan=life,
        redirect_slashes=False, docs_url=None, redoc_url=None, swagger_ui_oauth2_redirect_url=None,
    )  # fmt: skip
    app.state.service = service
    errors.install(app)
    for part in (libretranslate, documents, inside, classifying, health, static):
        app.include_router(part.router)
    if service.settings.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(service.settings.origins),
            allow_methods=["GET", "POST"], allow_headers=["Authorization", "Content-Type"],
        )  # fmt: skip
    app.add_middleware(Door, service=service)
    made: Any = app.openapi
    app.openapi = lambda: described(made())  # type: ignore[method-assign]
    return app


def described(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document as the server behaves: what does not fit is told with 400, not 422."""
    for path in document["paths"].values():
        for method in path.values():
            method["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document
