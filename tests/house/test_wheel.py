"""The wheel holds what a user needs, recipes and pages too, nothing else, and runs on its own."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "regard"


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without a network from a copy that has no repository around it."""
    pytest.importorskip("hatchling", reason="the build backend comes with the extra `dev`")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("src", "tests", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "wheel", *options, "-w", str(out), ".", cwd=copy)
    (built,) = out.glob("regard-*.whl")
    return zipfile.ZipFile(built)


def shipped() -> set[str]:
    """Every file of the package, as the wheel names it."""
    files = (p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(PACKAGE.parent).as_posix() for p in files}


def test_every_file_of_the_package_is_inside_and_nothing_else(wheel: zipfile.ZipFile):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == shipped()


def test_recipes_page_and_licence_are_inside(wheel: zipfile.ZipFile):
    names = wheel.namelist()
    assert "regard/look/page.html" in names
    assert any(n.startswith("regard/recipes/") and n.endswith(".yaml") for n in names)
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)
    parts = [part for n in names for part in n.split("/")]
    assert not [p for p in parts if p == "tests" or p.startswith(("test_", "conftest"))]


def test_the_command_and_the_licence_are_named(wheel: zipfile.ZipFile):
    def text(ending: str) -> str:
        (name,) = (n for n in wheel.namelist() if n.endswith(ending))
        return wheel.read(name).decode()

    assert "regard = regard.cli:main" in text("dist-info/entry_points.txt")
    assert "License-Expression: Apache-2.0" in text("dist-info/METADATA")


def test_the_package_runs_from_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path):
    wheel.extractall(tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import regard; print(regard.__file__)"
    where = run(sys.executable, "-c", code, str(tmp_path), cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path)
