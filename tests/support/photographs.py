"""Small photographs of every format, depth and kind, and damaged copies of them."""

import io
import random
import struct
import zlib

import numpy as np
import tifffile
from PIL import ExifTags, Image, ImageCms

from srgan_distill.app.upscaling.png import write_png
from srgan_distill.imaging.metadata import Metadata

HEIGHT, WIDTH = 6, 8
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def noise(height: int = 40, width: int = 32, low: int = 50, high: int = 200) -> np.ndarray:
    """Random uint8 RGB, [height, width, 3], from `low` to below `high`."""
    size = (height, width, 3)
    return np.random.default_rng(0).integers(low, high, size, dtype=np.uint8)


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file with more chunks, before its pixels."""
    return png[:33] + b"".join(chunk(*part) for part in chunks) + png[33:]


def png_of(pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of uint8 or uint16 pixels, [height, width, 1 to 4 channels]."""
    file = io.BytesIO()
    write_png(file, [pixels], pixels.shape, pixels.dtype, Metadata())
    return with_chunks(file.getvalue(), *chunks)


def pillow(image: Image.Image, kind: str, **options: object) -> bytes:
    """A file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff_of(pixels: np.ndarray, **options: object) -> bytes:
    """A TIFF file that tifffile writes, without words of its own."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, software=False, **options)
    return file.getvalue()


def profile(space: str = "sRGB") -> bytes:
    """A colour profile of sRGB, or of grey."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb if space == "sRGB" else srgb[:16] + b"GRAY" + srgb[20:]


def ink_profile() -> bytes:
    """A colour profile of inks: two points of each, all of them grey (ICC.1:2010, 10.10)."""
    lightness = [255 - 60 * sum(map(int, f"{inks:04b}")) for inks in range(16)]
    grid = b"".join(bytes((level, 128, 128)) for level in lightness)
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + 4 * ramp + grid + 3 * ramp
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    offset = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII4sII", 2, b"A2B0", offset, len(table), b"wtpt", offset + len(table),
                       len(white))  # fmt: skip
    body = tags + table + white
    head = struct.pack(">I4sI4s4s4s12x4s", 128 + len(body), b"lcms", 0x02400000, b"prtr", b"CMYK",
                       b"Lab ", b"acsp")  # fmt: skip
    light = struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(68, b"\0") + light.ljust(60, b"\0") + body


def exif(orientation: int = 1) -> bytes:
    """EXIF data with text, a date, a lens and a place."""
    data = Image.Exif()
    data[ExifTags.Base.Orientation] = orientation
    data[ExifTags.Base.Make] = "Maker"
    details = data.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2021:05:06 07:08:09"
    details[ExifTags.Base.LensModel] = "A lens"
    place = data.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (51.0, 30.0, 26.5)
    return data.tobytes()


def samples() -> dict[str, bytes]:
    """Small good files by name, of all formats and of most of what they can hold."""
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 2**16, (HEIGHT, WIDTH, 4), np.uint16)
    shallow = (deep // 257).astype(np.uint8)
    colour = Image.fromarray(shallow[..., :3])
    described = {"exif": exif(6), "icc_profile": profile(), "dpi": (300, 300)}
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    texts = [
        (b"tEXt", b"Title\0A title"), (b"zTXt", b"Comment\0\0" + zlib.compress(b"words")),
        (b"gAMA", struct.pack(">I", 45455)), (b"pHYs", struct.pack(">IIB", 11811, 11811, 1)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
    ]  # fmt: skip
    files = {}
    for bits, pixels in ((8, shallow), (16, deep)):
        for channels in (1, 2, 3, 4):
            files[f"{bits}_{channels}.png"] = png_of(pixels[..., :channels], *texts[:channels])
        files[f"{bits}.tif"] = tiff_of(pixels[..., :3], photometric="rgb", predictor=True,
                                       compression="zlib", iccprofile=profile())  # fmt: skip
        files[f"{bits}_alpha.tif"] = tiff_of(pixels, photometric="rgb", extrasamples=["assocalpha"])
        files[f"{bits}_white.tif"] = tiff_of(pixels[..., 0], photometric="miniswhite")
    key = (b"tRNS", struct.pack(">H", int(deep[0, 0, 0])))
    files["key.png"] = png_of(deep[..., :1], key, *texts)
    files["described.png"] = pillow(colour, "PNG", **described)
    files["palette.png"] = pillow(colour.quantize(8), "PNG", transparency=2)
    files["bits.png"] = pillow(colour.convert("1"), "PNG")
    files["described.jpg"] = pillow(colour, "JPEG", xmp=xmp, comment=b"words", **described)
    files["cmyk.jpg"] = pillow(colour.convert("CMYK"), "JPEG")
    files["described.tif"] = pillow(colour, "TIFF", **described)
    files["lzw.tif"] = pillow(colour, "TIFF", compression="tiff_lzw")
    files["tiled.tif"] = tiff_of(np.kron(shallow, np.ones((4, 4, 1), np.uint8)), tile=(16, 16),
                                 photometric="rgb", bigtiff=True)  # fmt: skip
    files["cmyk.tif"] = pillow(colour.convert("CMYK"), "TIFF")
    files["described.webp"] = pillow(colour, "WEBP", xmp=xmp, **described)
    files["alpha.webp"] = pillow(Image.fromarray(shallow), "WEBP", lossless=True)
    files["colour.bmp"] = pillow(colour, "BMP", dpi=(300, 300))
    files["palette.bmp"] = pillow(colour.quantize(8), "BMP")
    if "AVIF" in Image.SAVE:
        files["described.avif"] = pillow(colour, "AVIF", exif=exif(6), icc_profile=profile())
    return files


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A copy with one to three random changes; of a PNG file, mostly with checksums that fit."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(max(1, len(changed)))
        kind = chance.randrange(7)
        if kind == 0:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del changed[at:]
        elif kind == 2:
            del changed[at : at + chance.randint(1, 16)]
        elif kind == 3:
            changed[at:at] = chance.randbytes(chance.randint(1, 16))
        elif kind == 4:
            size = chance.choice((1, 2, 4))
            value = chance.choice(EXTREMES) % 256**size
            order = chance.choice(("big", "little"))
            changed[at : at + size] = value.to_bytes(size, order)
        elif kind == 5:
            part = changed[at : at + chance.randint(1, 64)]
            other = chance.randrange(len(changed) + 1)
            changed[other:other] = part
        else:
            changed[at : at + 1] = (
                bytes([changed[at] ^ 1 << chance.randrange(8)]) if changed else b""
            )
        changed = changed or bytearray(b"\0")
    if data.startswith(b"\x89PNG") and chance.random() < 0.8:
        return with_checksums(bytes(changed))
    return bytes(changed)


def with_checksums(png: bytes) -> bytes:
    """A PNG file whose whole chunks have the checksums of what they hold."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if at + 12 + size > len(png):
            break
        parts.append(chunk(png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    return b"".join((*parts, png[at:]))
