"""What those who watch a server ask: is it alive, does it take requests, how much does it do."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from regard.serve.errors import answers, told
from regard.serve.service import service

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", responses=answers(503))
async def ready(request: Request) -> Response:
    """The server takes requests; 503 once it has begun to shut down."""
    if service(request).draining:
        return told(503, "the server is shutting down")
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(service(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)
