"""A file taken apart."""

from dataclasses import dataclass, field

from ..metadata import Metadata
from ..tags import Directory


@dataclass
class Container:
    """A file taken apart.

    `kind` is its format; `data` what a decoder needs; `pages` how many pictures it holds;
    `transparent` the value of a PNG file's transparent pixels, grey or red, green and blue;
    `directory` the tags of a TIFF file.
    """

    kind: str
    data: bytes
    metadata: Metadata
    pages: int = 1
    transparent: tuple[int, ...] | None = None
    directory: Directory = field(default_factory=Directory)
