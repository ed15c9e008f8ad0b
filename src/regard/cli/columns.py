"""Tables with a header, .csv or .tsv: texts of named columns out, further columns in.

What is there stays byte for byte. A .csv is as RFC 4180 has it, between commas, semicolons or tabs;
a .tsv knows no quoting (as our corpora).
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regard.data.splicing import respliced
from regard.files.base import decoded, with_ends
from regard.recipe import UserError, nearest

SUFFIXES = (".csv", ".tsv")
BETWEEN = {".csv": ",;\t", ".tsv": "\t"}  # what may stand between columns, likeliest first
MARK = "\ufeff"


class Sheet:
    """A table whose columns of these names are wanted: `rows` holds their texts.

    Raises UserError that names the file and the line for what is no such table.
    """

    def __init__(self, path: Path, wanted: Sequence[str]):
        self.name, self.suffix = str(path), path.suffix.lower()
        if self.suffix not in SUFFIXES:
            raise UserError(f"{path}: --column is for {' and '.join(SUFFIXES)} files")
        text = decoded(path.read_bytes(), self.name)
        self.mark = MARK if text.startswith(MARK) else ""
        self.lines = with_ends(text.removeprefix(MARK))
        self.between, self.header = self.found(wanted)
        self.rows: list[tuple[str, ...]] = []
        self.ends: list[int] = []  # the number of a row's last line
        places = [self.header.index(name) for name in wanted]
        for end, fields in self.records(self.between)[1:]:
            if len(fields) != len(self.header):
                counts = f"{len(fields)} fields, but the header names {len(self.header)}"
                raise UserError(f"{self.name}, line {end}: {counts}")
            self.rows.append(tuple(fields[place] for place in places))
            self.ends.append(end)

    def found(self, wanted: Sequence[str]) -> tuple[str, list[str]]:
        """What stands between the columns, and their names. Raises UserError if one is missing."""
        first = []
        for between in BETWEEN[self.suffix]:
            header = next(iter(self.records(between, 1)), (0, []))[1]
            if wanted and not set(wanted) - set(header):
                return between, header
            first.append(header)
        names = max(first, key=len)
        missing = [name for name in wanted if name not in names]
        if not missing:
            raise UserError(
                f"{self.name}: which column? --column NAME; there is {', '.join(names)}"
            )
        raise UserError(f"{self.name}: no column {missing[0]!r}; {nearest(missing[0], names)}")

    def records(self, between: str, most: int | None = None) -> list[tuple[int, list[str]]]:
        """The number of each record's last line, and its fields; blank lines are none."""
        how: dict[str, Any] = {"delimiter": between, "strict": True}
        if self.suffix == ".tsv":
            how["quoting"] = csv.QUOTE_NONE
        csv.field_size_limit(1 << 30)
        reader, rows = csv.reader(self.lines, **how), []
        try:
            for fields in reader:
                if fields:
                    rows.append((reader.line_num, fields))
                if len(rows) == most:
                    break
        except csv.Error as error:
            raise UserError(f"{self.name}, line {reader.line_num}: {error}") from None
        return rows

    def free(self, name: str) -> str:
        """The name, numbered if a column has it."""
        number, found = 1, name
        while found in self.header:
            number += 1
            found = f"{name}_{number}"
        return found

    def beside(self, columns: dict[str, list[str]]) -> str:
        """The table with further columns, each with a value a row."""
        heads = [self.free(name) for name in columns]
        first = next(end for end, _ in self.records(self.between, 1))
        rows = [(first, heads), *zip(self.ends, zip(*columns.values(), strict=True), strict=True)]
        edits = []
        for number, values in rows:
            line = self.lines[number - 1]
            bare = line.rstrip("\r\n")
            parts = "".join(self.between + self.written(value) for value in values)
            edits.append((number - 1, number, bare + parts + line[len(bare) :]))
        return self.mark + respliced(self.lines, edits)

    def written(self, value: str) -> str:
        """A value as it stands in such a table."""
        if self.suffix == ".tsv":
            return " ".join(value.split("\t"))
        made = io.StringIO()
        csv.writer(made, delimiter=self.between, lineterminator="").writerow([value])
        return made.getvalue() if value else ""
