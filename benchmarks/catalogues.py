"""Blank every third translation of catalogues, have a run fill them again, and look what came back.

python benchmarks/catalogues.py runs/docs_enko $DATA/po/*.ko.po [--kill] [--record results]

Each filled file must pass `msgfmt -c`, and every entry that was not blanked be there byte for byte.
Told for each file: entries blanked, how many came back as the source, how many lost a mark (such as
a placeholder), chrF of what was filled against what was removed (text that the run may well have
seen in training). With --kill, the filling is killed half-way and repeated, and must give the same
file.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polib
from sacrebleu.metrics import CHRF

from regard import results
from regard.data.marks import survive
from regard.run import Run


class Blanked(NamedTuple):
    """A catalogue without some of its translations, and what they were, by the entry's place."""

    text: str
    removed: dict[int, str]


class Filled(NamedTuple):
    """What came back for the blanked entries of a file: (source, removed, answer)."""

    name: str
    rows: list[tuple[str, str, str]]

    @property
    def as_source(self) -> int:
        """How many are the source again, where the translator's was something else."""
        return sum(answer == source != removed for source, removed, answer in self.rows)

    @property
    def damaged(self) -> int:
        """How many lost or won a mark."""
        return sum(not survive(source, answer) for source, _, answer in self.rows)

    @property
    def chrf(self) -> float:
        """Against what was removed."""
        _, removed, answers = zip(*self.rows, strict=True)
        return CHRF().corpus_score(list(answers), [list(removed)]).score


def entries(text: str) -> Iterator[str]:
    """Its blocks, an entry each, with the blank line behind."""
    block = ""
    for line in text.splitlines(keepends=True):
        block += line
        if not line.strip():
            yield block
            block = ""
    if block:
        yield block


def parsed(block: str) -> polib.POEntry | None:
    """The entry of a block, if it is a living one with a source."""
    found = [e for e in polib.pofile(block, wrapwidth=0) if not e.obsolete and e.msgid]
    return found[0] if found else None


def blanked(text: str, every: int = 3) -> Blanked:
    """Every third translated entry without its translation; plurals stay."""
    out, removed, seen = [], {}, 0
    for place, block in enumerate(entries(text)):
        entry = parsed(block)
        if entry and entry.msgstr and not entry.fuzzy and not entry.msgid_plural:
            seen += 1
            if seen % every == 0:
                removed[place] = entry.msgstr
                end = "\n" if block.endswith("\n\n") else ""
                block = block[: block.index("\nmsgstr ") + 1] + 'msgstr ""\n' + end
        out.append(block)
    return Blanked("".join(out), removed)


def fill(run: str, path: Path, out: Path, kill: float | None = None) -> float:
    """By the command that everybody uses; seconds. With `kill`, ended after that share of a whole
    filling's time, which leaves nothing, and then repeated.
    """
    command = [sys.executable, "-m", "regard.cli", "translate", run, str(path), "-o", str(out)]
    began = time.monotonic()
    if kill is not None:
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            time.sleep(kill)
            process.kill()
        assert process.returncode == -9, f"{path}: was filled before it could be killed"
        assert not out.exists(), f"{out}: half a file"
    subprocess.run(command, check=True)
    return time.monotonic() - began


def checked(name: str, before: Blanked, after: str) -> Filled:
    """What came back; whatever else changed ends the program."""
    rows = []
    old, new = list(entries(before.text)), list(entries(after))
    assert len(old) == len(new), f"{name}: {len(old)} entries before, {len(new)} after"
    for place, (was, now) in enumerate(zip(old, new, strict=True)):
        if place not in before.removed:
            open_ = 'msgstr ""\n\n' in was + "\n" or 'msgstr[0] ""' in was  # was empty all along
            assert was == now or open_, f"{name}: an entry that nobody asked for changed:\n{now}"
            continue
        entry = parsed(now)
        assert entry is not None and entry.fuzzy, f"{name}: not marked fuzzy:\n{now}"
        rows.append((entry.msgid, before.removed[place], entry.msgstr))
    return Filled(name, rows)


def main(words: Sequence[str]) -> None:
    """Fill them all; print and, if asked to, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--record", type=Path)
    asked = parser.parse_args(words)
    began, found = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        for path in asked.files:
            before = blanked(path.read_text("utf-8"))
            source, out = Path(folder, path.name), Path(folder, f"filled.{path.name}")
            source.write_text(before.text, "utf-8")
            seconds = fill(asked.run, source, out)
            subprocess.run(["msgfmt", "-c", "-o", "/dev/null", str(out)], check=True)
            if asked.kill:
                again = out.with_suffix(".again.po")
                fill(asked.run, source, again, kill=seconds / 2)
                assert again.read_bytes() == out.read_bytes(), f"{path}: another file"
            found.append(checked(path.name, before, out.read_text("utf-8")))
            show(found[-1])
    total = Filled("all", [row for one in found for row in one.rows])
    show(total)
    if asked.record:
        record(asked.record, asked.run, words, total, time.monotonic() - began)


def show(filled: Filled) -> None:
    """A line."""
    count = len(filled.rows)
    print(f"{filled.name}: {count} filled, {filled.as_source} as the source "
          f"({filled.as_source / count:.1%}), {filled.damaged} damaged, "
          f"chrF {filled.chrf:.1f}", flush=True)  # fmt: skip


def record(folder: Path, run: str, words: Sequence[str], total: Filled, seconds: float) -> None:
    """Two figures of all files together."""
    kept = [word for word in words if not word.startswith("--record") and word != str(folder)]
    facts = {
        "set": "catalogues", "seeds": [Run(run).recipe.seed], "wall_s": round(seconds, 1),
        "command": results.hide(" ".join(["python benchmarks/catalogues.py", *kept]), None),
        "entries": len(total.rows), "damaged": total.damaged,
    }  # fmt: skip
    name = f"files/{Path(run).name}"
    share = 100 * total.as_source / len(total.rows)
    results.measured(folder, name, "% left as the source|every:3", (share,) * 3, facts)
    results.measured(folder, name, "chrF2 against the removed|every:3", (total.chrf,) * 3, facts)


if __name__ == "__main__":
    main(sys.argv[1:])
