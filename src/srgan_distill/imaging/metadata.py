"""What describes a picture beside its pixels."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from .tags import ORIENTATION, RESOLUTION, RESOLUTION_UNIT, Directory, Tags


class Note(StrEnum):
    """What can describe a picture beside its pixels, as messages call it."""

    PROFILE = "colour profile"
    EXIF = "EXIF data"
    XMP = "XMP"
    RESOLUTION = "resolution"
    PHOTOSHOP = "Photoshop and IPTC data"
    COMMENT = "comment"
    GAMMA = "gamma and primaries"
    TEXT = "text"
    TRANSPARENCY = "transparency"


METRES_PER_INCH = 0.0254
_MOST_PER_INCH = 65_535  # what JPEG has room for
XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:=["']|>)\s*)([0-9])""")


@dataclass
class Metadata:
    """What describes a picture beside its pixels, each None or empty where it is missing.

    `icc` is a colour profile; `exif` EXIF's directories, orientation included; `xmp` an XMP
    packet; `dpi` pixels per inch, horizontal and vertical, 1 to 65,535; `photoshop`
    Photoshop's resource blocks, where IPTC data are; `comment` a JPEG file's; `png` a PNG file's
    chunks for colours (gAMA, cHRM, sRGB ...) and texts, as name and data, and of what a HEIC or
    AVIF file says of its colours; `lost` what of all this, or of the bits of a colour, the file has
    but could not be read.
    """

    icc: bytes | None = None
    exif: Directory | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    photoshop: bytes | None = None
    comment: bytes | None = None
    png: list[tuple[bytes, bytes]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def read_exif(self, data: bytes) -> None:
        """Take EXIF data as files store them, or note that they cannot be read."""
        data = re.sub(rb"\A(Exif\0\0){1,2}", b"", data)
        with self.reading(Note.EXIF):
            self.exif = Tags(data).first()
            if not self.exif.is_complete:
                self.lost.append(f"a part of the {Note.EXIF}")

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """A context in which any failure means that `name` cannot be read."""
        try:
            yield
        except Exception:  # decoders of damaged data raise all kinds
            self.lost.append(name)

    def take_resolution(self) -> None:
        """Take that of the EXIF data, where the file says none in a place of its own."""
        if self.dpi is not None or not self.exif or RESOLUTION[0] not in self.exif.tags:
            return
        with self.reading(Note.RESOLUTION):
            per_inch = {2: 1, 3: 2.54}.get(self.exif.number(RESOLUTION_UNIT, 2))
            if per_inch:
                across, down = (self.exif.numbers(tag, 0)[0] for tag in RESOLUTION)
                self.set_dpi(across * per_inch, down * per_inch)

    def set_dpi(self, horizontal: float, vertical: float) -> None:
        """Take a resolution in pixels per inch, if it is one."""
        if all(1 <= dpi <= _MOST_PER_INCH for dpi in (horizontal, vertical)):
            self.dpi = horizontal, vertical
        elif (horizontal, vertical) != (0, 0):
            self.lost.append(Note.RESOLUTION)

    def orientation(self) -> int:
        """How EXIF data, or XMP where these say nothing, want the picture turned: 1 to 8."""
        found = self.exif.number(ORIENTATION) if self.exif else 0
        if not found and self.xmp and (match := XMP_ORIENTATION.search(self.xmp)):
            found = int(match[2])
        return found if 1 <= found <= 8 else 1
