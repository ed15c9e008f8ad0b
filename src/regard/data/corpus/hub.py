"""A data set of the Hugging Face Hub, or a local folder that `datasets` can read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from regard.data.corpus.base import HUB, FilesConfig, Row, languages, text
from regard.recipe import UserError, nearest

ALIASES = {"dev": ("validation", "valid", "val", "dev"), "train": ("train",), "test": ("test",)}


class Config(FilesConfig):
    """Which data set (`data.dir=hf:OWNER/NAME` or `hf:OWNER/NAME:SUBSET` decides if given).

    `columns` says which column is a language; without it, columns are language codes, flat or
    inside one called `translation`. A line break inside a text becomes a space.
    """

    id: str | None = None
    subset: str | None = None
    columns: dict[str, str] = {}

    def files(self, where: str | None, split: str, direction: str) -> list[Path]:
        """The tables that `datasets` keeps of it on this machine."""
        _, table = self.table(where, split)
        return [Path(file["filename"]) for file in table.cache_files]

    def read(self, where: str | None, split: str, direction: str) -> Iterator[Row]:
        """All rows of a split: see `fields`."""
        for source, target in self.fields(where, split, languages(direction)):
            yield Row(source, target, direction)

    def fields(
        self, where: str | None, split: str, names: Sequence[str]
    ) -> Iterator[tuple[str, ...]]:
        """These columns of all rows of a split; "dev" is also found as validation, valid or val.

        Raises UserError if data set, split or column is not there.
        """
        name, table = self.table(where, split)
        yield from rows(table, [self.columns.get(x, x) for x in names], f"{HUB}{name}")

    def table(self, where: str | None, split: str) -> tuple[str, Any]:
        """The name of the data set, and the table of a split."""
        name, subset = self.id, self.subset
        if where is not None:
            name, _, given = where.removeprefix(HUB).partition(":")
            subset = given or subset
        if not name:
            raise UserError("data.dir: is not set; a Hub dataset is written data.dir=hf:OWNER/NAME")
        return name, fetch(name, subset, self.named(split), (split, *ALIASES.get(split, ())))


def fetch(name: str, subset: str | None, split: str, aliases: Iterable[str]) -> Any:
    """The table of a split; nothing of the data set is ever run as code."""
    import datasets

    try:
        known = datasets.get_dataset_split_names(name, subset)
        chosen = pick(split, aliases, known, f"{HUB}{name}")
        return datasets.load_dataset(name, subset, split=chosen)
    except UserError:
        raise
    except Exception as error:  # the library raises some thirty kinds, for network, name and format
        said = str(error).strip().split("\n")[0]
        raise UserError(f"data.dir: {HUB}{name} cannot be read: {said}") from None


def pick(split: str, aliases: Iterable[str], known: Collection[str], here: str) -> str:
    """The split's own name if there is one, or else the first alias that exists."""
    for name in (split, *aliases):
        if name in known:
            return name
    raise UserError(f"{here}: no split {split!r}; {nearest(split, known)}")


def rows(
    table: Iterable[Mapping[str, Any]], columns: Sequence[str], here: str
) -> Iterator[tuple[str, ...]]:
    """Columns of a table, flat or inside `translation`."""
    for number, fields in enumerate(table, 1):
        inner = fields.get("translation")
        fields = inner if isinstance(inner, Mapping) else fields
        yield tuple(text(fields, column, f"{here}, row {number}") for column in columns)
