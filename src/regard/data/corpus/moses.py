"""Two files, line by line: `train.de` beside `train.en`, plain, .gz or .xz."""

from regard.data.corpus.base import FilesConfig, Row, find, folder, languages, lines, paired
from regard.recipe import UserError


class Config(FilesConfig):
    """The name of each split, to which the language is added: `{dir}/{train}.de`."""

    def read(self, where: str | None, split: str, direction: str) -> list[Row]:
        """All rows of a split.

        Raises UserError, with both counts, if the halves are not of equal length.
        """
        files = [find(folder(where), f"{self.named(split)}.{x}") for x in languages(direction)]
        source, target = (list(lines(file)) for file in files)
        if len(source) != len(target):
            raise UserError(
                f"{files[0]} has {len(source):,} lines but {files[1].name} has {len(target):,}; "
                "line n of one must be the translation of line n of the other"
            )
        return paired(source, target, direction)
