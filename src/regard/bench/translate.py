"""`regard bench translate`: the same weights, the same sentences, ours and the other engines."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import regard
from regard.bench import model, peers
from regard.bench.process import System, measure, own
from regard.bench.rounds import OURS, Rounds, Say, alternate, beside, here
from regard.data.corpus.base import Row
from regard.recipe import UserError
from regard.run import write_json
from regard.tasks.translator import room

EXPORTS = {"marian": "hf", "ctranslate2": "ctranslate2"}
PEERS = tuple(EXPORTS)
THROUGH = "ours through ctranslate2"
SHORT = "ours with a shortlist"
TRY_LINES = 256  # sentences on which a peer's settings are tried
WARM_LINES = 64
ALIKE = ("size", "beam", "precision", "threads", "lines", "forced")


def run(
    size: str, against: Sequence[str], asked: dict[str, Any], where: Path, out: Path,
    environments: Path, say: Say,
) -> dict[str, Any]:  # fmt: skip
    """Measure, and tell all of it. Raises UserError if data, a peer or ours is not to be had.

    `asked`: run (or None), beside (another run, or None), beam, batches, lines, forced, rounds,
    threads, precision, seed.
    """
    began = time.monotonic()
    bare = {name: peers.system(name, "translate", environments) for name in against}
    folder = asked["run"] or model.trained(size, where, out)
    size = Path(folder).name if asked["run"] else size
    loaded = regard.load(folder, device="cpu")
    rows = model.test_rows(loaded, where, asked["lines"])
    told = {**asked, "size": size, **work(loaded, rows, out), "run": str(folder), "alpha": 1.0,
            "lines": len(rows), "warm_lines": min(WARM_LINES, len(rows))}  # fmt: skip
    systems = [
        through(name, kind, loaded, out, told["precision"])
        for name, kind in ((OURS, "native"), (SHORT, "shortlist"))
    ]
    owners: dict[str, regard.Loaded] = {}  # of the answers that are not by our own codec
    if asked["beside"]:
        teacher = regard.load(asked["beside"], device="cpu")
        systems.append(by_recipe(teacher, out, told["precision"]))
        owners[systems[-1].name] = teacher
    by_peer: dict[str, list[System]] = {}
    tried: dict[str, list[dict[str, Any]]] = {}
    for name, system in bare.items():
        precision = told["precision"] if name == "ctranslate2" else "float32"
        export = str(model.exported(loaded, out, EXPORTS[name], precision))
        best, tried[name] = best_of(system, choices(name, told, export), told, out, say)
        by_peer[name] = peers.variants(best)
        if name == "ctranslate2" and not told["forced"]:
            systems.append(System(THROUGH, own("translate"), settings=how(name, export)))
    systems += [variant for variants in by_peer.values() for variant in variants]
    systems = [answering(system, out) for system in systems]
    made = alternate(systems, told, told["rounds"], out, say)
    names = {name: [v.name for v in variants] for name, variants in by_peer.items()}
    names |= {name: [name] for name in owners}
    found = systems_of(made, names, systems, lambda name: owners.get(name, loaded), rows)
    for name, variants in names.items():
        for variant in variants:
            if variant in found and name in tried:
                found[variant]["tried"] = tried[name]
    return {
        "benchmark": "translate", "size": size, "settings": told, "systems": found,
        "failed": made.failed, "alike": ALIKE, "set": "multi30k test_2016_flickr",
        "where": str(where), "wall_s": round(time.monotonic() - began, 1), **here(),
    }  # fmt: skip


def through(name: str, kind: str, loaded: regard.Loaded, out: Path, precision: str) -> System:
    """Ours, by an export of the run."""
    export = model.exported(loaded, out, kind, precision)
    return System(name, own("translate"), settings=how(kind, str(export)))


def by_recipe(loaded: regard.Loaded, out: Path, precision: str) -> System:
    """Another run through CTranslate2, decoding as its own recipe does: a teacher, say."""
    folder, decode = Path(loaded.runs[0].folder), loaded.translator.decode
    export = model.exported(loaded, out / folder.name, "ctranslate2", precision)
    own_way = {"run": str(folder), "beam": decode.width, "alpha": getattr(decode, "alpha", 0.0)}
    settings = {**how("ctranslate2", str(export)), **own_way}
    return System(f"{folder.name} through ctranslate2", own("translate"), settings=settings)


def how(kind: str, export: str) -> dict[str, Any]:
    """Settings of ours that name the engine."""
    return {"kind": kind, "engine": export}


def work(loaded: regard.Loaded, rows: Sequence[Row], out: Path) -> dict[str, Any]:
    """The file of sentences: texts for ours, ids for peers, and the most tokens of each answer."""
    codec = loaded.translator.codec
    texts = [row.source for row in rows]
    masked = [codec.masks.of(text).text for text in texts]
    ids = codec.sources(masked, [row.direction for row in rows])
    path = (out / "work.json").resolve()
    write_json(path, {"texts": texts, "ids": ids, "longest": [room(len(row)) for row in ids]})
    return {"work": str(path), "direction": loaded.directions[0]}


def choices(name: str, told: Mapping[str, Any], export: str) -> list[dict[str, Any]]:
    """The settings of a peer that are tried, to measure it at its best."""
    threads = told["threads"]
    batches = [{"batch": size, "batch_type": "examples"} for size in told["batches"]]
    if name != "ctranslate2":
        return [{"model": export, **batch} for batch in batches]
    batches.append({"batch": 2048, "batch_type": "tokens"})
    shares = {(1, threads), (threads, 1)}  # one worker with all threads, or a worker a thread
    return [
        {"model": export, "inter": inter, "intra": intra, **batch}
        for inter, intra in sorted(shares)
        for batch in batches
    ]


def best_of(
    system: System, choices: Sequence[dict[str, Any]], told: dict[str, Any], out: Path, say: Say
) -> tuple[System, list[dict[str, Any]]]:
    """The system with the settings that were fastest, and what each gave.

    Raises UserError if it fails with one of them.
    """
    found = []
    few = {**told, "lines": min(told["lines"], TRY_LINES)}
    for settings in choices:
        got = measure(answering(replace(system, settings=settings), out), few, out)
        speed = got["sentences_per_s"]
        shown = {k: v for k, v in settings.items() if k != "model"}
        say(f"trying {system.name} {shown}: {speed:,.1f} sentences/s")
        found.append({**shown, "sentences_per_s": round(speed, 2)})
    best = max(range(len(found)), key=lambda i: found[i]["sentences_per_s"])
    return replace(system, settings=choices[best]), found


def answering(system: System, out: Path) -> System:
    """The system, told where to leave its answers."""
    path = out.resolve() / "answers" / f"{system.name.replace(' ', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return replace(system, settings={**system.settings, "answers": str(path)})


def systems_of(
    made: Rounds, names: Mapping[str, list[str]], systems: Sequence[System],
    owner: Callable[[str], regard.Loaded], rows: Sequence[Row],
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """By system: speed, length and BLEU of what it wrote, memory, and our ways against it."""
    against = beside(made, names, "sentences_per_s")
    others = {
        key: beside(made, names, "sentences_per_s", ours=ours)
        for key, ours in (("short_ratio", SHORT), ("through_ratio", THROUGH))
    }
    found = {}
    for system in systems:
        name, last = system.name, made.last(system.name)
        if not last:
            continue
        found[name] = {
            "sentences_per_s": made.spread(name, "sentences_per_s"), **against.get(name, {}),
            **{key: of[name]["ratio"] for key, of in others.items() if name in of},
            "bleu": scored(Path(system.settings["answers"]), owner(name), rows),
            "tokens": last["tokens"], "peak_mib": made.spread(name, "peak_mib"),
            "version": last["version"], "settings": last["settings"],
            "rounds": [turn[name] for turn in made.found if name in turn],
        }  # fmt: skip
    return found


def scored(answers: Path, loaded: regard.Loaded, rows: Sequence[Row]) -> float:
    """BLEU of the ids that a system left. Raises UserError if they are not as many as the rows."""
    ids = json.loads(answers.read_text("utf-8"))
    if len(ids) != len(rows):
        raise UserError(f"{answers}: {len(ids)} answers to {len(rows)} sentences")
    used = loaded.translator
    texts = [used.texts([x], row.source)[0] for x, row in zip(ids, rows, strict=True)]
    return regard.bleu(texts, [row.target for row in rows]).value
