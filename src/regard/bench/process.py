"""A measured process: started with settings in a file, it answers with one line of JSON."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regard.recipe import UserError
from regard.run import write_json

CHILD = Path(__file__).parent / "child"
LAST_WORDS = 200  # characters of a failed child's log that its sentence quotes


@dataclass(frozen=True)
class System:
    """Something to measure: `name` in tables, `command` without the settings file, which comes
    last.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)  # its own, over everybody's


def measure(system: System, settings: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """One measurement; what the process printed beside its JSON is appended to `out`/logs.

    Raises UserError, naming system and log, if it fails or its last line is no JSON.
    """
    told, log = put(system, settings, out)
    try:
        found = parsed(run(system, [*system.command, str(told)], int(settings["threads"]), log))
    finally:
        shutil.rmtree(out / "scratch", ignore_errors=True)
    if found is None:
        raise UserError(f"{system.name}: printed no JSON line; its log is {log}: {last_words(log)}")
    return found


def put(system: System, settings: Mapping[str, Any], out: Path) -> tuple[Path, Path]:
    """Write what a system is told; that file, and its log."""
    stem = system.name.replace(" ", "_").replace(",", "")
    log, told = out / "logs" / f"{stem}.log", out / "settings" / f"{stem}.json"
    log.parent.mkdir(parents=True, exist_ok=True)
    write_json(told, {**settings, **system.settings, "scratch": str(out / "scratch" / stem)})
    return told, log


def run(
    system: System, command: Sequence[str], threads: int, log: Path, given: bytes = b""
) -> bytes:
    """What a command answers. Raises UserError, naming system and log, if it fails."""
    with log.open("ab") as errors:
        done = subprocess.run(
            command, input=given, stdout=subprocess.PIPE, stderr=errors,
            env=environment(system, threads),
        )  # fmt: skip
    if done.returncode:
        raise UserError(
            f"{system.name}: ended with code {done.returncode}; its log is {log}: {last_words(log)}"
        )
    return done.stdout


def environment(system: System, threads: int) -> dict[str, str]:
    """This process's, with so many threads, nothing asked of the network, and the system's own."""
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    counts = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, **quiet, **counts, **system.environment}


def parsed(output: bytes) -> dict[str, Any] | None:
    """The JSON object in the last line; None if there is none."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def last_words(log: Path) -> str:
    """The last line of a log that says something."""
    lines = [x.strip() for x in log.read_text("utf-8", "replace").splitlines() if x.strip()]
    return lines[-1][:LAST_WORDS] if lines else "(empty)"


def own(what: str) -> tuple[str, ...]:
    """The command of a measurement of ours."""
    return (sys.executable, "-m", "regard.bench.ours", what)
