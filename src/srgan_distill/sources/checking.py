"""What a profile says, held against what is known of images and models before any is fetched."""

from collections.abc import Mapping
from pathlib import Path

from ..common.errors import UserError
from ..common.params import FILE, Crop, DownloadSettings, Network, Source, check_choice
from ..common.paths import in_repository
from ..common.scale import SCALE
from ..imaging.photographs import photograph_size
from ..shipped.models import architecture, names
from .catalogue import PUBLIC
from .data_sets import DATA_SETS
from .folders import own_images
from .packages import PHOTOGRAPHS, photographs
from .published import Size, published_sizes

_SHOWN = 10  # names in an error


def check_sets(key: str, download: DownloadSettings) -> None:
    """Refuse names that no catalogue has, and parts that are larger than their set.

    Args:
        key: where `download` stands in params.yaml.
        download: what stands there.

    Raises:
        UserError: names the key, its value and what is allowed.
    """
    for use in ("train", "validation", "test"):
        for name in getattr(download, use):
            source = download.source(name)
            if source.folder is None:
                check_choice(f"{key}.{use}", source.set, DATA_SETS)
                public = PUBLIC.get(source.set)
                count = len(public.kept if public else PHOTOGRAPHS[source.set])
                if source.first and source.first > count:
                    raise UserError(
                        f"{FILE}: {key}.{use}: first = {source.first}: {source.set} has "
                        f"{count} images"
                    )


def check_folders(download: DownloadSettings) -> None:
    """Refuse folders of the user's that are not there, or cannot be used.

    Raises:
        UserError: names the folder or the image, or two images of validation that share a name.
    """
    own = {
        data_set: _images(source)
        for data_set, source in download.sources.items()
        if source.folder is not None
    }
    found: dict[str, Path | str] = {}
    for data_set in download.validation:
        images = own.get(data_set) or _images(download.source(data_set))
        for name, image in images.items():
            path = image if isinstance(image, Path) else f"{data_set}/{name}"
            if name in found:
                raise UserError(
                    f"images {found[name]} and {path} share a name, and validation sets become one "
                    "folder; rename one"
                )
            found[name] = path


def check_crops(key: str, crops: list[Crop], download: DownloadSettings, here: bool) -> None:
    """Refuse crops of Figure 2 that no test image has, as far as the images are known.

    Args:
        key: where `crops` stands in params.yaml.
        crops: what stands there.
        download: the profile's data sets.
        here: whether the user's own folders are on this machine.

    Raises:
        UserError: names the key, its value and what is allowed.
    """
    for place, crop in enumerate(crops):
        where = f"{key}[{place}]"
        check_choice(f"{where}.set", crop.set, download.test)
        source = download.source(crop.set)
        images = _images(source) if here or source.folder is None else {}
        if not images:
            continue
        if crop.image not in images:
            known = sorted(images)
            more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
            raise UserError(
                f"{FILE}: {where}.image = {crop.image!r}: {crop.set} has "
                f"{', '.join(known[:_SHOWN])}{more}"
            )
        found = images[crop.image]
        size = photograph_size(found) if isinstance(found, Path) else found
        width, height = (side - side % SCALE for side in size)
        if crop.top + crop.size > height or crop.left + crop.size > width:
            raise UserError(
                f"{FILE}: {where}: {crop.size}x{crop.size} px from top {crop.top}, left "
                f"{crop.left} leave {crop.set}/{crop.image}, {width} wide and {height} high"
            )


def check_start(networks: Mapping[str, Network], start_from: str, key: str) -> None:
    """Refuse networks other than those of the generators that training is to start from.

    Args:
        networks: what each run trains.
        start_from: `scratch`, or `shipped`.
        key: where that stands in params.yaml.

    Raises:
        UserError: names the generator and what differs.
    """
    if start_from == "scratch":
        return
    for run in names():
        if run not in networks:
            continue
        theirs, ours = architecture(run), networks[run].model_dump()
        if theirs != ours:
            raise UserError(
                f"{FILE}: {key} = {start_from!r}: the {run} that ships is {_listed(theirs)}, but "
                f"`networks` has {_listed(ours)}; start from scratch (with steps and a rate for "
                "that: docs/development.md), or change `networks`"
            )


def _listed(network: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in network.items())


def _images(source: Source) -> Mapping[str, Path | Size]:
    """The images of a data set by name, each its file or its published width and height.

    Empty where they are not known. No file is read here: one that cannot be may be left out by
    `on_bad_image`.
    """
    if source.folder is not None:
        files = own_images(in_repository(source.folder), source.first).items()
        return {Path(name).stem: path for name, path in files if not name.startswith("LR/")}
    if source.set in PUBLIC:
        return {} if source.first else published_sizes(source.set)
    return {Path(name).stem: path for name, path in photographs(source.set, source.first).items()}
