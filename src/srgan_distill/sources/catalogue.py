"""Public super-resolution data sets: where they are, how they are packed, how many images."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from pathlib import PurePosixPath

from .unavailable import Unavailable


@dataclass(frozen=True)
class Archive:
    """A published file.

    Attributes:
        name: its name in a mirror and in the store.
        urls: addresses, tried in turn.
        megabytes: about its size, for the look at the disk before anything is loaded.
        md5: where it is published or known; else the number of images inside is the check.
    """

    name: str
    urls: tuple[str, ...]
    megabytes: int
    md5: str | None = None


@dataclass(frozen=True)
class PublicSet:
    """Images that lie in one folder of an archive, or of a mirror.

    Attributes:
        count: images in that folder.
        megabytes: about the size of their files.
        folders: what the folder is called by those who publish it, with its parents.
        archives: files that carry it, tried in turn.
        names: what its images are called here, by their place in natural order; the publishers
            number them or name them. None: as published.
        keep: of those images, by their place from 0, the ones that belong to this set.
    """

    count: int
    megabytes: int
    folders: tuple[str, ...]
    archives: tuple[Archive, ...]
    names: tuple[str, ...] | None = None
    keep: Callable[[int], bool] = lambda place: True

    @property
    def kept(self) -> list[int]:
        """The places of its own images."""
        return list(filter(self.keep, range(self.count)))

    def part(self, first: int | None) -> "PublicSet":
        """The set of the first images alone; the whole where None."""
        if first is None:
            return self
        chosen = frozenset(self.kept[:first])
        megabytes = ceil(self.megabytes * len(chosen) / len(self.kept))
        return replace(self, keep=chosen.__contains__, megabytes=megabytes)

    def select(self, files: list[str]) -> dict[str, str]:
        """Which of a folder's image files make this set: published file name -> name here.

        Raises:
            Unavailable: there are not as many images as the set has.
        """
        if len(set(files)) != self.count or len(files) != self.count:
            raise Unavailable(f"holds {len(files)} images of {self.count}")
        ordered = sorted(files, key=natural)
        names = self.names or [PurePosixPath(file).stem for file in ordered]
        return {
            file: f"{name}{PurePosixPath(file).suffix.lower()}"
            for place, (file, name) in enumerate(zip(ordered, names, strict=True))
            if self.keep(place)
        }


def natural(file: str) -> list[int | str]:
    """img_9 before img_10, whatever the number of zeros; names without numbers by the alphabet."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.lower())]


# EDSR's test sets, HR as published. The checksum is torchSR's (github.com/Coloquinte/torchSR).
BENCHMARK = Archive(
    "benchmark.tar",
    ("https://cv.snu.ac.kr/research/EDSR/benchmark.tar",),
    megabytes=250,
    md5="4ace41d33c2384b97e6b320cd0afd6ba",
)
# Each split lies in a folder of its own; `val` is BSD100, a test set.
BSDS500 = (
    Archive(
        "BSDS500-master.zip",
        ("https://github.com/BIDS/BSDS500/archive/refs/heads/master.zip",),
        megabytes=75,
    ),
    Archive(
        "BSR_bsds500.tgz",
        (
            "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
            "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
        ),
        megabytes=75,
    ),
)
# General100 in BMP, beside T91 and BSDS200.
LAPSRN = Archive(
    "SR_training_datasets.zip",
    (
        "http://vllab1.ucmerced.edu/~wlai24/LapSRN/results/SR_training_datasets.zip",
        "http://vllab.ucmerced.edu/wlai24/LapSRN/results/SR_training_datasets.zip",
    ),
    megabytes=150,
)


def _div2k(split: str, megabytes: int, md5: str) -> Archive:
    """Checksums of TensorFlow Datasets and torchSR; they make the second publisher safe to ask."""
    name = f"DIV2K_{split}_HR.zip"
    return Archive(
        name,
        (
            f"http://data.vision.ee.ethz.ch/cvl/DIV2K/{name}",
            f"https://data.vision.ee.ethz.ch/cvl/DIV2K/{name}",
            f"https://huggingface.co/datasets/goodfellowliu/DIV2K/resolve/main/{name}",
        ),
        megabytes,
        md5,
    )


def _one_by_one(name: str, megabytes: int, md5: str | None = None) -> Archive:
    """A test set alone, from the data sets of the super-image library."""
    file = f"{name}_HR.tar.gz"
    url = f"https://huggingface.co/datasets/eugenesiow/{name}/resolve/main/data/{file}"
    return Archive(file, (url,), megabytes, md5)


def _every_20th(place: int) -> bool:
    return place % 20 == 0


PUBLIC: dict[str, PublicSet] = {
    "Set5": PublicSet(
        5, 1, ("Set5/HR", "Set5_HR"), (BENCHMARK, _one_by_one("Set5", 1)),
        names=("baby", "bird", "butterfly", "head", "woman"),
    ),
    "Set14": PublicSet(
        14, 4, ("Set14/HR", "Set14_HR"), (BENCHMARK, _one_by_one("Set14", 4)),
        names=(
            "baboon", "barbara", "bridge", "coastguard", "comic", "face", "flowers", "foreman",
            "lenna", "man", "monarch", "pepper", "ppt3", "zebra",
        ),
    ),
    "BSD100": PublicSet(
        100, 20, ("BSD100/HR", "B100/HR", "BSD100_HR"), (BENCHMARK, _one_by_one("BSD100", 20))
    ),
    "Urban100": PublicSet(
        100, 125, ("Urban100/HR", "Urban100_HR"),
        (BENCHMARK, _one_by_one("Urban100", 125, "65d9d84a34b72c6f7ca1e26a12df1e4c")),
        names=tuple(f"img_{number:03}" for number in range(1, 101)),
    ),
    "General100": PublicSet(
        100, 60, ("General100/HR", "General100", "General-100"), (LAPSRN,),
        names=tuple(f"im_{number:03}" for number in range(1, 101)),
    ),
    "DIV2KTrain": PublicSet(
        800, 3530, ("DIV2K_train_HR",),
        (_div2k("train", 3531, "bdc2d9338d4e574fe81bf7d158758658"),),
    ),
    "DIV2KValidation": PublicSet(
        100, 449, ("DIV2K_valid_HR",), (_div2k("valid", 449, "9fcdda83005c5e5997799b69f955ff88"),)
    ),
    # BSDS500 has no split for validation that is no test set elsewhere: every 20th image of its
    # test split, in order of their numbers, is held out for it (10 images).
    "BSDS500Train": PublicSet(200, 15, ("BSDS500/train", "BSDS500/data/images/train"), BSDS500),
    "BSDS500Test": PublicSet(
        200, 15, ("BSDS500/test", "BSDS500/data/images/test"), BSDS500,
        keep=lambda place: not _every_20th(place),
    ),
    "BSDS500HeldOut": PublicSet(
        200, 1, ("BSDS500/test", "BSDS500/data/images/test"), BSDS500, keep=_every_20th
    ),
}  # fmt: skip
