"""`regard bench startup`: how long one waits for the help, and for the first sentence."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import regard
from regard.bench import model, peers, process
from regard.bench.process import System, put
from regard.bench.rounds import OURS, Say, alternate, beside, here

PEER = "marian"
HELP, IMPORT = "regard --help", "import torch"
ALIKE = ("size", "threads", "beam")


def run(
    size: str, asked: dict[str, Any], where: Path, out: Path, environments: Path, say: Say
) -> dict[str, Any]:
    """Measure, and tell all of it. Raises UserError if data, the peer or ours is not to be had.

    `asked`: run (or None), against (is there a peer?), beam, rounds, threads, seed.
    """
    began = time.monotonic()
    systems = [System(HELP, (*ours(), "--help"))]
    bare = peers.system(PEER, "first", environments) if asked["against"] else None
    folder = asked["run"] or model.trained(size, where, out)
    size = Path(folder).name if asked["run"] else size
    loaded = regard.load(folder, device="cpu")
    sentence = model.test_rows(loaded, where, 1)[0].source
    told = {**asked, "run": str(folder), "size": size, "alpha": 1.0, "sentence": sentence}
    words = ("translate", str(folder), "--beam", str(asked["beam"]))
    systems += [
        System(OURS, (*ours(), *words, "--device", "cpu")),
        System(IMPORT, (sys.executable, "-c", IMPORT)),
    ]
    if bare is not None:
        export = str(model.exported(loaded, out, "hf"))
        systems.append(System(PEER, bare.command, bare.environment, {"model": export}))
    made = alternate(systems, told, asked["rounds"], out, say, timed)
    against = beside(made, {PEER: [PEER]}, "seconds", more_is_better=False)
    found = {
        system.name: {
            "seconds": made.spread(system.name, "seconds"), **against.get(system.name, {}),
            "said": made.last(system.name)["said"], "settings": {},
            "version": f"python {sys.version.split()[0]}",
            "rounds": [turn[system.name] for turn in made.found if system.name in turn],
        }
        for system in systems if made.last(system.name)
    }  # fmt: skip
    return {
        "benchmark": "startup", "size": size, "settings": told, "systems": found,
        "failed": made.failed, "alike": ALIKE, "set": "first sentence of test_2016_flickr",
        "where": str(where), "wall_s": round(time.monotonic() - began, 1), **here(),
    }  # fmt: skip


def ours() -> tuple[str, ...]:
    """Our command: the script beside this Python, or the module where there is none."""
    script = Path(sys.executable).with_name("regard")
    return (str(script),) if script.exists() else (sys.executable, "-m", "regard.cli")


def timed(system: System, settings: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Seconds from the start of a process to its end, its input a sentence, and what it said.

    Raises UserError if it fails.
    """
    told, log = put(system, settings, out)
    command = [*system.command, *([str(told)] if system.name == PEER else [])]
    given, threads = f"{settings['sentence']}\n".encode(), int(settings["threads"])
    began = time.perf_counter()
    said = process.run(system, command, threads, log, given)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "said": said.decode("utf-8", "replace").strip()[:200]}
