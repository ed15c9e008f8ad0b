"""What the documents say must be so: recipes build, commands exist, quoted errors are what one
gets, links lead somewhere.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from regard import recipe
from regard.cli import main
from regard.cli.app import command

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list:
    """(page, text) of every fenced block in this language ('' for plain ones)."""
    found = []
    for page in PAGES:
        whole = page.read_text("utf-8")
        for fence, text in re.findall(r"^```(\w*)\n(.*?)^```", whole, re.S | re.M):
            if fence == language:
                found.append(pytest.param(text, id=page.name))
    return found


def commands() -> list:
    """Every `regard …` line of the plain blocks, without comments and redirections."""
    found = []
    for block in blocks(""):
        for line in block.values[0].splitlines():
            line = re.split(r"\s#\s| [<>|] ", line.partition("| ")[2] or line)[0]
            match = re.match(r"^\$? ?(?:\.venv/bin/)?regard +([a-z-]+ .*|[a-z-]+)$", line.strip())
            if match:
                found.append(pytest.param(match[1], id=f"{block.id}:{match[1][:40]}"))
    return found


@pytest.mark.parametrize("text", blocks("yaml"))
def test_recipes_in_documents_are_valid(text):
    made = recipe.make(yaml.safe_load(text))
    assert recipe.make(yaml.safe_load(recipe.dump(made))) == made


@pytest.mark.parametrize("line", commands())
def test_commands_in_documents_exist(line):
    verb, *words = shlex.split(line)
    group = command()
    context = typer.Context(group)
    found = group.get_command(context, verb)
    if hasattr(found, "get_command"):
        found = found.get_command(context, words[0])
    assert found is not None, f"no verb {line}"
    known = {o for p in found.params for o in [*p.opts, *p.secondary_opts]}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"regard {verb} has no {word}"
    for name in re.findall(r"\b(?:translate|demo)/[a-z0-9_]+", line):
        assert name in recipe.shipped(), f"no recipe {name}"


def test_there_are_commands_to_check():
    assert len(commands()) >= 15


@pytest.mark.parametrize("text", [b for b in blocks("") if "$ regard" in b.values[0]])
def test_quoted_errors_are_what_one_gets(text, capsys):
    line, expected = text.strip().splitlines()
    assert main(shlex.split(line.removeprefix("$ regard "))) == 2
    assert capsys.readouterr().err.strip() == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target} is not there"


def test_the_page_of_the_family_is_not_stale():
    told = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "family.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, f"{told.stdout}{told.stderr}; run python tools/family.py"
