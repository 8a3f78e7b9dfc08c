"""Small archives in the layout of the published ones."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from functools import cache

from PIL import Image

from srgan_distill.sources.published import published_sizes


@cache
def image(kind: str = "png", colour: int = 0, size: tuple[int, int] = (8, 8)) -> bytes:
    """A file in one grey, of `size` px (width and height)."""
    file = io.BytesIO()
    Image.new("RGB", size, (colour, colour, colour)).save(file, kind)
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of `files`, path -> content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return packed.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w", links: Mapping[str, str] = {}) -> bytes:
    """A tar archive of `files`, path -> content, and symbolic `links`, path -> target."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return packed.getvalue()


SET5 = ("baby", "bird", "butterfly", "head", "woman")


def images_of(data_set: str, kind: str = "png") -> list[bytes]:
    """Files of the published sizes of a set, each in a grey of its own, from 1."""
    sizes = published_sizes(data_set).values()
    return [image(kind, grey, size) for grey, size in enumerate(sizes, 1)]


def benchmark() -> bytes:
    """EDSR's benchmark.tar: HR and LR of four sets, with a Mac's shadow files."""
    sets = {name: images_of(name) for name in ("Set14", "Urban100")}
    sets["B100"] = [image(colour=number) for number in range(1, 101)]
    files = {
        f"benchmark/{name}/HR/img{number:03}.png": file
        for name, images in sets.items()
        for number, file in enumerate(images, 1)
    }
    for name, file in zip(SET5, images_of("Set5"), strict=True):
        files[f"benchmark/Set5/HR/{name}.png"] = file
        files[f"benchmark/Set5/HR/._{name}.png"] = b"Mac"
        files[f"benchmark/Set5/LR_bicubic/X4/{name}x4.png"] = image()
    return tarred(files)


def set5_alone() -> bytes:
    """super-image's Set5_HR.tar.gz."""
    files = zip(SET5, images_of("Set5"), strict=True)
    return tarred({f"Set5_HR/{name}.png": file for name, file in files}, "w:gz")


def div2k(split: str, first: int, count: int) -> bytes:
    """DIV2K_train_HR.zip or DIV2K_valid_HR.zip."""
    numbers = range(first, first + count)
    return zipped({f"DIV2K_{split}_HR/{n:04}.png": image() for n in numbers})


def bsds500() -> bytes:
    """GitHub's archive of BIDS/BSDS500."""
    root = "BSDS500-master/BSDS500/data"
    files = {"BSDS500-master/README.md": b"#"}
    for split, first, count in (("train", 2000, 200), ("val", 4000, 100), ("test", 6000, 200)):
        files[f"{root}/images/{split}/Thumbs.db"] = b"Windows"
        for number in range(first, first + count):
            files[f"{root}/images/{split}/{number}.jpg"] = image("jpeg", number % 200, (481, 321))
            files[f"{root}/groundTruth/{split}/{number}.mat"] = b"MATLAB"
    return zipped(files)


def lapsrn() -> bytes:
    """LapSRN's SR_training_datasets.zip: General100 in BMP, its numbers without zeros."""
    images = images_of("General100", "bmp")
    files = {f"General100/im_{number}.bmp": file for number, file in enumerate(images, 1)}
    files |= {f"T91/t{number}.png": image() for number in range(1, 92)}
    return zipped(files | {f"BSDS200/{number}.png": image() for number in range(200)})
