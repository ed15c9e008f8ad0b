"""`regard serve`: answers requests from a browser and from programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regard.cli import say
from regard.cli.common import Device, EngineName, told_apart

if TYPE_CHECKING:
    from regard.serve.service import Service


def serve(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="Runs, one or more directions each."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0: any.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 5000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; one that dies comes back.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Searches a process; 0: one a core.")] = 0,
    keys: Annotated[Path | None, typer.Option(help="A file of API keys, then needed.")] = None,
    new_key: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make an API key, and end.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Requests a minute; 0: any.")] = 0,
    origin: Annotated[
        list[str] | None, typer.Option(help="A page of another server that may ask (CORS).")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="Such as characters=5000.")
    ] = None,
    files: Annotated[Path | None, typer.Option(help="Where translated files wait.")] = None,
    engine: EngineName = "auto",
    device: Device = "cpu",
) -> None:
    """Serve runs: a page, the API of LibreTranslate, and looks inside (see docs/serve.md).

    \b
    regard serve runs/deen
    regard serve runs/deen runs/enko --port 8080 --workers 2
    regard serve runs/deen runs/reviews           (a classifier beside a translator, or alone)
    regard serve --new-key ada >> keys.txt        (the key itself is shown once)
    regard serve runs/deen --keys keys.txt --limit characters=5000

    Lines of many requests go through a model together. Told to end (SIGTERM, Ctrl-C), it finishes
    what it has accepted.
    """
    from regard.recipe import UserError

    if new_key is not None:
        made(new_key, rate)
        return
    if not runs:
        raise UserError("name a run first: the folder that `regard train` left behind")
    try:
        from regard.serve import server
        from regard.serve import workers as several
        from regard.serve.service import Service
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install 'regard[serve]'") from None
    from regard.recipe import Fault, check, override
    from regard.serve.settings import Config

    given = {
        "runs": told_apart(runs).runs, "engine": engine, "device": device, "threads": threads,
        "keys": keys and str(keys), "origins": origin or [], "folder": files and str(files),
        "limits": override({"rate": rate}, limit or []),
    }  # fmt: skip
    try:
        settings = check(Config, given)
    except Fault as fault:
        raise UserError(f"--limit {fault.path.removeprefix('limits.')}: {fault.message}") from None
    with server.listening(host, port) as where:
        service = Service(settings)
        tell(service, host, where.getsockname()[1])
        if workers == 1:
            server.serve(settings, where, service)
            return
        settings = settings.model_copy(update={"threads": max(1, service.threads // workers)})
        del service  # each worker opens its own
        several.serve_by_several(settings, where, workers)


def tell(service: "Service", host: str, port: int) -> None:
    """Say what is served, by which engine, and where."""
    runs = service.runs
    for one in runs.translators.values():
        for text in one.notes:
            say.note(f"regard: {text}")
    ways = f"{', '.join(runs.translators)} translates {', '.join(runs.directions)}"
    kinds = f"{', '.join(runs.classifiers)} classifies"
    parts = [ways] * bool(runs.translators) + [kinds] * bool(runs.classifiers)
    at = f"[{host}]" if ":" in host else host
    say.note(f"regard: {' and '.join(parts)} at http://{at}:{port} (API: /docs)")


def made(name: str, rate: float) -> None:
    """A new key: its line for the file on standard output, itself on standard error."""
    from regard.serve import keys

    key, line = keys.new(name, rate)
    say.note(f"regard: the key of {name}, shown this once: {key}")
    say.write(line + "\n")
