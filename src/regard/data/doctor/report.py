"""The doctor's report as a person reads it: a summary, and each check with some of its lines."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from regard.data.doctor.base import WHOLE, Finding, Report

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_WIDTH = 120  # characters shown of a side


def visible(text: str) -> str:
    """Return the start of a text with what cannot be seen spelt out."""
    start = text[:_WIDTH]
    spelt = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in start)
    return spelt + ("…" if len(text) > _WIDTH else "")


def render(report: Report, limit: int = 5) -> RenderableType:
    """Return the report for a rich console, with up to `limit` rows of each check."""
    totals = report.totals
    languages = " to ".join(report.languages)
    if not report.findings:
        return Text(f"{totals['rows']:,} rows, {languages}: nothing found.", style="green")
    head = Text(
        f"{totals['rows']:,} rows, {languages}: {totals['errors']:,} errors, "
        f"{totals['warnings']:,} warnings, {totals['notes']:,} notes. A clean copy keeps "
        f"{totals['kept']:,} rows, {totals['swapped']:,} of them put right."
    )
    table = Table(show_lines=False, pad_edge=False)
    table.add_column("found", no_wrap=True)
    table.add_column("where", no_wrap=True)
    table.add_column("source │ target, and why", overflow="fold")
    for check, chosen in report.shown(limit).items():
        style = _STYLES[min(chosen, key=lambda found: list(_STYLES).index(found.severity)).severity]
        name = Text(f"{check} × {report.counts[check]:,}", style=style)
        for found in chosen:
            table.add_row(name, _where(found), _what(found))
            name = Text("")
        table.add_section()
    return Group(head, table)


def _where(found: Finding) -> Text:
    place = "all" if found.line == WHOLE else f"{found.line}"
    return Text(f"{found.split}:{place}" if found.split else place)


def _what(found: Finding) -> Text:
    text = Text(visible(found.source))
    text.append(" │ ", style="dim").append(visible(found.target))
    fix = {"drop": " → dropped", "swap": " → put right", "none": ""}[found.fix]
    return text.append(f"\n{visible(found.why)}{fix}", style="dim")
