"""A folder of the user's with data sets or archives: for machines without network."""

from collections.abc import Iterator
from pathlib import Path

from ..common.errors import UserError

VARIABLE = "SRGAN_DISTILL_MIRROR"


class Mirror:
    """Finds data sets as folders of images, archives and weights under their own names.

    They may lie in the folder itself or in `datasets`, `benchmark` (EDSR's archive unpacked),
    `archives` and `weights` below it; given its `datasets`, the folders beside that serve too.
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
        return cls(Path(named).expanduser()) if named else None

    def folders(self, *names: str) -> Iterator[Path]:
        """Folders of one of these names (paths), the first name first."""
        return (p / name for name in names for p in self._places if (p / name).is_dir())

    def files(self, name: str) -> Iterator[Path]:
        """Files of this name."""
        return (p / name for p in self._places if (p / name).is_file())
