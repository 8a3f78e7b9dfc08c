"""Directories of tags, as TIFF files and EXIF data hold them (TIFF 6.0, BigTIFF, EXIF 3.0).

Values are kept as bytes, so that nothing is lost of what this project has no use for: text in any
encoding, makers' notes, types that no library reads.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import NamedTuple

import numpy as np

ORIENTATION = 274
RESOLUTION, RESOLUTION_UNIT = (282, 283), 296
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
"""Tags whose value is a directory of its own."""

# Bytes of a value by its type; the second number is what a byte order turns around.
_SIZES = {
    1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (4, 4), 5: (8, 4), 6: (1, 1), 7: (1, 1), 8: (2, 2),
    9: (4, 4), 10: (8, 4), 11: (4, 4), 12: (8, 8), 13: (4, 4), 16: (8, 8), 17: (8, 8), 18: (8, 8),
    129: (1, 1),
}  # fmt: skip
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q",
          17: "q", 18: "Q"}  # fmt: skip
_RATIOS = {5: "I", 10: "i"}
NEW_SUBFILE_TYPE = 254
_MOST_PAGES = 10_000


class Tag(NamedTuple):
    """A value: TIFF's number of its type, how many of them, and their little-endian bytes."""

    type: int
    count: int
    data: bytes

    def numbers(self) -> tuple[float, ...]:
        """The values, a fraction of zero as NaN; none of text and of bytes without a meaning."""
        if code := _CODES.get(self.type):
            return struct.unpack(f"<{self.count}{code}", self.data)
        if code := _RATIOS.get(self.type):
            parts = struct.unpack(f"<{2 * self.count}{code}", self.data)
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return tuple(above / below if below else float("nan") for above, below in pairs)
        return ()


@dataclass
class Directory:
    """Tags by number, and the directories that some of them stand for.

    `order` of the bytes of a value is that of the file, "<" or ">": notes of makers and comments
    may hold values of their own in it. `is_complete` is whether every value could be read.
    """

    tags: dict[int, Tag] = field(default_factory=dict)
    children: dict[int, "Directory"] = field(default_factory=dict)
    order: str = "<"
    is_complete: bool = True

    def numbers(self, tag: int, *default: float) -> tuple[float, ...]:
        """The values of a tag, `default` where it is missing or holds no number."""
        return (self.tags[tag].numbers() if tag in self.tags else ()) or default

    def number(self, tag: int, default: int = 0) -> int:
        """The first value of a tag as a whole number, `default` where there is none."""
        value = self.numbers(tag, default)[0]
        return int(value) if isfinite(value) else default

    def without(self, *tags: int) -> "Directory":
        """The same, but for some tags."""
        kept = {number: tag for number, tag in self.tags.items() if number not in tags}
        children = {tag: child for tag, child in self.children.items() if tag not in tags}
        return replace(self, tags=kept, children=children)


class Tags:
    """The directories of a TIFF file or of EXIF data.

    Raises:
        ValueError: it is neither.
    """

    def __init__(self, data: bytes) -> None:
        self.order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        version = data[2:4] if self.order == "<" else data[3:1:-1]
        if not self.order or version not in (b"*\0", b"+\0"):
            raise ValueError("no TIFF structure")
        self.is_big = version == b"+\0"
        self._data = data
        self._budget = len(data)

    def first(self) -> Directory:
        """The first picture's directory, with its own; empty where it lies outside of the data."""
        return self._directory(self._first(), {EXIF: {INTEROPERABILITY: {}}, GPS: {}})

    def pages(self) -> int:
        """How many pictures there are, smaller copies of one aside, as far as can be followed."""
        seen: set[int] = set()
        count, offset = 0, self._first()
        while offset and offset not in seen and len(seen) < _MOST_PAGES:
            seen.add(offset)
            directory = self._directory(offset, {})
            count += not directory.number(NEW_SUBFILE_TYPE) & 1
            offset = self._next(offset)
        return count

    def _first(self) -> int:
        return self._integer(8 if self.is_big else 4, 8 if self.is_big else 4)

    def _integer(self, offset: int, size: int) -> int:
        part = self._data[offset : offset + size]
        return int.from_bytes(part, "little" if self.order == "<" else "big")

    def _head(self, offset: int) -> tuple[int, int, int]:
        """Where the entries start, how many there are, and the bytes of one."""
        size = 8 if self.is_big else 2
        count = self._integer(offset, size)
        entry = 20 if self.is_big else 12
        return offset + size, min(count, (len(self._data) - offset) // entry), entry

    def _next(self, offset: int) -> int:
        start, count, size = self._head(offset)
        return self._integer(start + count * size, 8 if self.is_big else 4)

    def _directory(self, offset: int, nested: dict[int, dict]) -> Directory:
        directory = Directory(order=self.order, is_complete=0 < offset < len(self._data))
        if not directory.is_complete:
            return directory
        for number, tag in self._entries(offset):
            if tag is None:
                directory.is_complete = False
            elif number in nested:
                offset = Directory({number: tag}).number(number)
                child = self._directory(offset, nested[number])
                directory.children[number] = child
                directory.is_complete &= child.is_complete
            else:
                directory.tags.setdefault(number, tag)
        return directory

    def _entries(self, offset: int) -> Iterator[tuple[int, Tag | None]]:
        start, entries, size = self._head(offset)
        inline = 8 if self.is_big else 4
        for place in range(start, start + entries * size, size):
            number, type_ = self._integer(place, 2), self._integer(place + 2, 2)
            count = self._integer(place + 4, inline)
            length, unit = _SIZES.get(type_, (0, 1))
            length *= count
            at = place + size - inline
            if length > inline:
                at = self._integer(at, inline)
            # A value of its own size each: thousands that share one long value fill the memory.
            if not length or at + length > len(self._data) or length > self._budget:
                yield number, None
                continue
            self._budget -= length
            data = self._data[at : at + length]
            if self.order == ">" and unit > 1:
                data = np.frombuffer(data, f">u{unit}").astype(f"<u{unit}").tobytes()
            yield number, Tag(type_, count, data)


def packed(directory: Directory, offset: int, is_big: bool = False) -> bytes:
    """A directory, those within it, and all their values, to stand at `offset` of a file.

    Args:
        is_big: as BigTIFF has it.
    """
    order = directory.order
    inline, count_code, entry_size = (8, "Q", 20) if is_big else (4, "I", 12)
    numbers = sorted({*directory.tags, *directory.children})
    head = struct.pack(order + ("Q" if is_big else "H"), len(numbers))
    entries: list[bytes] = []
    beyond = bytearray()
    start = offset + len(head) + entry_size * len(numbers) + inline
    for number in numbers:
        at = start + len(beyond)
        if number in directory.children:
            tag = Tag(16 if is_big else 4, 1, at.to_bytes(inline, "little"))
            beyond += _even(packed(replace(directory.children[number], order=order), at, is_big))
        else:
            tag = directory.tags[number]
        value = _ordered(tag, order)
        if len(value) > inline:
            beyond += _even(value)
            value = struct.pack(order + count_code, at)
        entries.append(struct.pack(f"{order}HH{count_code}", number, tag.type, tag.count))
        entries.append(value.ljust(inline, b"\0"))
    return b"".join((head, *entries, bytes(inline), beyond))


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


def _ordered(tag: Tag, order: str) -> bytes:
    unit = _SIZES[tag.type][1]
    if order == "<" or unit == 1:
        return tag.data
    return np.frombuffer(tag.data, f"<u{unit}").astype(f">u{unit}").tobytes()
