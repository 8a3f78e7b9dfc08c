"""What a result keeps of what describes its photograph, and what its format does not carry."""

from collections.abc import Mapping

from ...imaging.containers.png import TEXTS
from ...imaging.containers.tiff import STORAGE_TAGS
from ...imaging.metadata import XMP_ORIENTATION, Metadata, Note
from ...imaging.tags import EXIF, ORIENTATION, RESOLUTION, RESOLUTION_UNIT, Directory, packed

ANY = float("inf")
EVERYTHING = dict.fromkeys(Note, ANY)
"""What can describe a picture, and how many bytes of it a format has room for."""

_EXIF_SIZE = (40962, 40963)


def kept(metadata: Metadata, is_grey: bool, carried: Mapping[str, float]) -> Metadata:
    """What holds for an upscaled and upright picture too, and fits its file.

    Args:
        metadata: of the photograph.
        is_grey: whether the result is stored as grey.
        carried: of `EVERYTHING`, what its format has a place for.

    Returns:
        The same, its orientation and size left out; `lost` names what else is.
    """
    lost = list(metadata.lost)
    exif = _without_storage(metadata.exif, Note.RESOLUTION in metadata.lost)
    icc = _fitting(metadata.icc, is_grey, lost)
    xmp = XMP_ORIENTATION.sub(rb"\g<1>1", metadata.xmp) if metadata.xmp else None
    texts = [chunk for chunk in metadata.png if chunk[0] in TEXTS]
    colours = [chunk for chunk in metadata.png if chunk[0] not in TEXTS]
    # A colour profile goes before them, and sRGB is what a file without any of them has.
    says_more = bool(colours and not icc and b"sRGB" not in dict(colours))
    in_exif = bool(exif and RESOLUTION[0] in exif.tags and carried.get(Note.EXIF))
    sizes = {
        Note.PROFILE: len(icc or b""),
        Note.EXIF: len(exif_bytes(exif)) if exif else 0,
        Note.XMP: len(xmp or b""),
        Note.RESOLUTION: int(metadata.dpi is not None and not in_exif),
        Note.PHOTOSHOP: len(metadata.photoshop or b""),
        Note.COMMENT: len(metadata.comment or b""),
        Note.GAMMA: int(says_more),
        Note.TEXT: len(texts),
    }
    fits = {name: size <= carried.get(name, 0) for name, size in sizes.items()}
    lost += [name for name, fit in fits.items() if not fit]
    return Metadata(
        icc=icc if fits[Note.PROFILE] else None,
        exif=exif if fits[Note.EXIF] else None,
        xmp=xmp if fits[Note.XMP] else None,
        dpi=metadata.dpi if fits[Note.RESOLUTION] else None,
        photoshop=metadata.photoshop if fits[Note.PHOTOSHOP] else None,
        comment=metadata.comment if fits[Note.COMMENT] else None,
        png=metadata.png if Note.TEXT in carried else [],
        lost=list(dict.fromkeys(lost)),
    )


def exif_bytes(exif: Directory) -> bytes:
    """EXIF data as JPEG, WebP and (without the first six bytes) PNG hold them."""
    order = exif.order
    head = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    return b"Exif\0\0" + head + packed(exif, 8)


def _fitting(icc: bytes | None, is_grey: bool, lost: list[str]) -> bytes | None:
    """The profile, if it is one of such pixels: by another one, colours come out wrong."""
    if icc is None or Note.PROFILE in lost:
        return None
    space = b"GRAY" if is_grey else b"RGB "
    if icc[16:20] == space and icc[36:40] == b"acsp":
        return icc
    lost.append(f"{Note.PROFILE} of other colours" if icc[36:40] == b"acsp" else Note.PROFILE)
    return None


def _without_storage(exif: Directory | None, without_resolution: bool) -> Directory | None:
    if exif is None:
        return None
    resolution = (*RESOLUTION, RESOLUTION_UNIT) if without_resolution else ()
    exif = exif.without(ORIENTATION, *STORAGE_TAGS, *resolution)
    if EXIF in exif.children:
        exif.children[EXIF] = exif.children[EXIF].without(*_EXIF_SIZE)
    exif.children = {tag: child for tag, child in exif.children.items() if child.tags}
    return exif if exif.tags or exif.children else None
