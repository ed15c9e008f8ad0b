"""A run: the folder that training leaves behind, safe to receive from a stranger.

recipe.yaml · run.json (format, versions, facts) · tokenizer/ · model.safetensors · checkpoints/ ·
metrics.jsonl · tensorboard/ · README.md (the card); of an adapted run initial.safetensors and
corrections/ too.
Only YAML, JSON and safetensors: nothing is unpickled.
"""

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from regard import recipe as recipes
from regard.recipe import Recipe, UserError

FORMAT = 1


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the name of `path` only when all is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        flush(aside)
        os.chmod(aside, 0o644)
        os.replace(aside, path)
        flush(path.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` to fill; it takes the name of `path` only when all is on disk."""
    aside = path.with_name(f".{path.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what a killed writer left
    aside.mkdir(parents=True)
    try:
        yield aside
        for file in sorted(aside.rglob("*"), reverse=True):  # what is in a folder before the folder
            flush(file)
        flush(aside)
        shutil.rmtree(path, ignore_errors=True)
        os.rename(aside, path)
        flush(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def flush(path: Path) -> None:
    """Make what a file holds, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, text: str) -> None:
    """A text file that appears only complete."""
    with whole(path) as aside:
        aside.write_text(text, "utf-8")


def write_json(path: Path, data: Any) -> None:
    """A JSON file that appears only complete."""
    write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def commit() -> str:
    """The commit this code stands at, '+' if there are changes; '' outside a checkout."""
    here = Path(__file__).parent
    try:
        git = ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=12"]
        run = [*git, "--exclude=*"]
        return subprocess.run(run, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def hardware() -> str:
    """What this machine computes with, in words."""
    cpu = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    able = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if able else os.cpu_count()
    return f"{cpu}, {cores} core{'s' * (cores != 1)}"


def facts() -> dict[str, Any]:
    """Versions, commit, machine and date: what a number needs to be believed."""
    names = ("regard", "torch", "tokenizers", "sacrebleu")
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "(not installed)"
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return {"versions": versions, "commit": commit(), "hardware": hardware(), "date": date}


def command() -> str:
    """The `regard` command that this process carries out; "" in any other program."""
    program = Path(sys.argv[0])
    ours = program.stem == "regard" or "regard" in program.parts
    return shlex.join(["regard", *sys.argv[1:]]) if ours else ""


class Run:
    """A run folder: where its files lie, and what its run.json says."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    @property
    def model(self) -> Path:
        """The weights to use."""
        return self.folder / "model.safetensors"

    @property
    def initial(self) -> Path:
        """The weights that training begins with, where the file is there (see `regard adapt`)."""
        return self.folder / "initial.safetensors"

    @property
    def confidence(self) -> Path:
        """How sure one can be of its answers (see `regard calibrate`)."""
        return self.folder / "confidence.json"

    @property
    def checkpoints(self) -> Path:
        """What training goes on from."""
        return self.folder / "checkpoints"

    @property
    def tokenizer(self) -> Path:
        """What the tokenizers were saved as."""
        return self.folder / "tokenizer"

    @property
    def metrics(self) -> Path:
        """One JSON object a line: what training reported."""
        return self.folder / "metrics.jsonl"

    def fingerprint(self) -> str:
        """What tells these weights from any others: the SHA-256 of their file."""
        with self.model.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def recipe(self) -> Recipe:
        """The checked recipe. Raises UserError if this is no run, or one of a newer format."""
        self.info()
        settings = recipes.read(self.folder / "recipe.yaml")
        return recipes.make(settings, str(self.folder / "recipe.yaml"))

    def info(self) -> dict[str, Any]:
        """run.json. Raises UserError if this is no run, or one of a newer format."""
        path = self.folder / "run.json"
        try:
            info = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise UserError(f"{self.folder}: no run.json, so this is no run; train one") from None
        except ValueError:
            raise UserError(f"{path}: this is no JSON; the run is damaged") from None
        found = info.get("format") if isinstance(info, dict) else None
        if not isinstance(found, int) or found > FORMAT:
            raise UserError(
                f"{path}: format {found} is not known, only those up to {FORMAT}: update regard"
            )
        return info

    def create(self, recipe: Recipe) -> bool:
        """Begin the run, or find it begun with the same recipe (True: it may have got somewhere).

        Raises UserError if the folder holds another recipe's run, or something else.
        """
        text = recipes.dump(recipe)
        if (self.folder / "run.json").exists():
            if recipes.dump(self.recipe) != text:
                raise UserError(
                    f"{self.folder}: holds a run of another recipe (see its recipe.yaml): "
                    "choose another --out"
                )
            return True
        begun = {"recipe.yaml"}  # all that a run killed in its first moment can have
        if self.folder.exists() and any(
            f.name not in begun and not f.name.startswith(".") for f in self.folder.iterdir()
        ):
            raise UserError(f"{self.folder}: is not empty and holds no run: choose another --out")
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.folder / "recipe.yaml", text)
        write_json(self.folder / "run.json", {"format": FORMAT, **facts(), "command": command()})
        return False

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Nobody else trains into this folder meanwhile; a killed owner's claim ends with it.

        Raises UserError if somebody does.
        """
        try:
            import fcntl
        except ImportError:  # no such locks on Windows
            yield
            return
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"{self.folder}: another process is training into it") from None
            yield
        finally:
            os.close(handle)

    def note(self, **more: Any) -> None:
        """Add facts to run.json."""
        write_json(self.folder / "run.json", {**self.info(), **more})
