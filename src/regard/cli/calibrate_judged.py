"""`regard calibrate` of a run that labels texts: a temperature, and when to leave a row out."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regard.cli import say
from regard.cli.common import Words
from regard.cli.judged import Opened, keep, opened

if TYPE_CHECKING:
    from regard.tasks.judging import Judged
    from regard.tasks.scaling import Scaling


def calibrate(
    words: Words, where: tuple[str, str | None, str],
    kept: tuple[Path | None, Path | None, str | None], json: bool,
) -> None:  # fmt: skip
    """Learn on dev, keep it in the run, test it. `where`: split, folder, device; `kept`: diagram,
    results, name.
    """
    from regard.run import write_json
    from regard.tasks import scaling

    test, directory, device = where
    found = opened(words, directory, device)
    found.used.temperature = 1.0  # what was learnt before is learnt anew
    dev = found.used.judge(found.own.data, "dev")  # type: ignore[attr-defined]
    learnt = scaling.learn(found.run, dev)
    write_json(found.run.confidence, learnt.model_dump(mode="json"))
    document: dict[str, Any] = {
        "run": str(found.run.folder), "set": test, "temperature": learnt.temperature,
        "dev": {"before": learnt.before, "after": learnt.after},
        "thresholds": [one.model_dump() for one in learnt.thresholds],
    }  # fmt: skip
    if test != "dev":
        document["tested"] = tested(found, learnt, test, kept)
    say.document(document) if json else show(document)


def tested(
    found: Opened, learnt: "Scaling", test: str, kept: tuple[Path | None, Path | None, str | None]
) -> dict[str, Any]:
    """A split at temperature 1 and at the learnt one, drawn and recorded as asked."""
    from regard import results
    from regard.tasks import scaling

    output, record, name = kept
    data = found.other.data  # type: ignore[attr-defined]
    began = time.monotonic()
    plain = found.used.judge(data, test)
    judged = plain.at(learnt.temperature)
    seconds = round(max(time.monotonic() - began, 0.01), 2)
    if output is not None:
        draw(output, judged, f"{found.run.folder.name}, {test}")
    if record is not None:
        own, other = found.own.data.dir, data.dir  # type: ignore[attr-defined]
        elsewhere = "" if other == own else f".{Path(other or 'other').name}"
        facts = {
            **results.of_run(found.run), **results.of_data(found.other), "set": test,
            "wall_s": seconds, "temperature": round(learnt.temperature, 4), "learnt_from": "dev",
        }  # fmt: skip
        keep(record, name or f"confidence/{found.run.folder.name}{elsewhere}", judged, facts)
    return {
        "before": asdict(scaling.of(plain)), "after": asdict(scaling.of(judged)),
        "thresholds": [answered(judged, one.wanted, one.least) for one in learnt.thresholds],
    }  # fmt: skip


def answered(judged: "Judged", wanted: float, least: float) -> dict[str, float | None]:
    """What share of rows is answered from a confidence on, and what share of those is right."""
    assert judged.said is not None
    sure = judged.said >= least
    right = float(judged.right[sure].mean()) if sure.any() else None
    return {"wanted": wanted, "least": least, "accuracy": right, "coverage": float(sure.mean())}


def draw(output: Path, judged: "Judged", told: str) -> None:
    """The reliability diagram."""
    from regard.evaluate.calibration import reliability as bins
    from regard.look.figure import png
    from regard.look.reliability import reliability
    from regard.run import whole
    from regard.tasks.scaling import of

    figures = of(judged)
    title = f"{told}: ECE {figures.ece:.3f}, Brier {figures.brier:.3f}"
    assert judged.said is not None
    with whole(output) as aside:
        aside.write_bytes(png(reliability(bins(judged.said, judged.right), title)))
    say.note(f"{output}: what was said against what came true")


def show(document: dict[str, Any]) -> None:
    """The report as a person reads it."""
    from regard.cli.calibrate import told

    sets = [("dev", document["dev"])]
    if "tested" in document:
        sets.append((document["set"], document["tested"]))
    rows = [
        (f"{name}, {what}", x["cases"], *(told(x[k]) for k in ("true", "ece", "brier", "auroc")))
        for name, both in sets
        for what, x in (("as it was", both["before"]), ("scaled", both["after"]))
    ]
    head = ("", "rows", "right", "ECE", "Brier", "AUROC")
    say.table(head, rows, f"temperature {document['temperature']:.3f}, learnt on dev")
    least = [
        (f"{100 * one['wanted']:g} %", *(told(one[k]) for k in ("least", "accuracy", "coverage")))
        for one in document.get("tested", document)["thresholds"]
    ]
    if least:
        where = f"on {document['set']}"
        say.table(
            ("wanted on dev", "--min-confidence", f"right {where}", f"answered {where}"), least
        )
