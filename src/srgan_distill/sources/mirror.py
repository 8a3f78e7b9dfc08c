"""A folder of the user's with data sets or archives: for machines without network."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from ..common.errors import UserError
from ..common.paths import in_repository

VARIABLE = "SRGAN_DISTILL_MIRROR"


class Mirror:
    """Finds data sets as folders of images, archives and weights under their own names.

    They may lie in the folder itself or in `datasets`, `benchmark` (EDSR's archive unpacked),
    `archives` and `weights` below it; given its `datasets`, the folders beside that serve too.

    Attributes:
        origins: the file here that each copy was made of.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`.

        Raises:
            UserError: there is no such folder.
        """
        if not folder.is_dir():
            raise UserError(
                f"the mirror {folder} is no folder; correct {VARIABLE} or `mirror` in params.yaml"
            )
        self.origins: dict[str, str] = {}
        tops = (folder, folder.parent) if folder.name == "datasets" else (folder,)
        self._places = [
            top / below
            for top in tops
            for below in (".", "datasets", "benchmark", "archives", "weights")
        ]

    @classmethod
    def of(cls, variable: str | None, parameter: str | None) -> "Mirror | None":
        """The mirror of the environment variable, else of the parameter, else none."""
        named = variable or parameter
        return cls(in_repository(named)) if named else None

    def folders(self, *names: str) -> Iterator[Path]:
        """Folders of one of these names (paths), the first name first."""
        return (p / name for name in names for p in self._places if (p / name).is_dir())

    def files(self, name: str) -> Iterator[Path]:
        """Files of this name."""
        return (p / name for p in self._places if (p / name).is_file())

    def copy(self, file: Path, target: Path) -> None:
        """Copy one of its files, and remember that."""
        shutil.copyfile(file, target)
        self.origins[str(target)] = str(file)
