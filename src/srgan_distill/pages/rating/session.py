"""The folder a rater opens: pictures under meaningless names, and a page that asks for scores.

How the rater stays blind. The page shows one picture at a time, never two beside each other, in
an order of the rater's own; picture files are named by random numbers and encoded anew, so that
neither name nor metadata differs by method; no text of the page names a method. The saved CSV has
to name them, so the page carries them masked (XOR by the session's id, base64): unreadable in
the page's source and to a search, and unmasked only when the finished ratings are saved, after
which the page lets no score be changed. This keeps an honest rater blind. It keeps out nobody who
runs the page's own code by hand; a key kept apart would, but then ratings could be lost with it
and every CSV would need a second step.
"""

import base64
import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...common.errors import UserError
from ...common.params import Params
from ...common.paths import Paths
from ...common.runs import PAPER_NAMES, all_runs, names
from ...common.text import write_text
from ...imaging.images import list_images, read_rgb, write_png
from ...imaging.pairs import HR
from ...results import paper
from ...results.opinion.dmos import GROUND_TRUTH
from ..template import fill


class Session(NamedTuple):
    """A rating page and what it asks about: images `<set>/<image>`, keys of models."""

    page: Path
    images: list[str]
    methods: list[str]


def paper_methods() -> list[str]:
    """The keys of the methods that the paper had rated (Table 3)."""
    rated = set(paper.table3()["method"])
    return [model for model, method in PAPER_NAMES.items() if method in rated]


def build(
    params: Params,
    profile: str,
    count: int,
    seed: int,
    methods: Sequence[str],
    folder: Path,
) -> Session:
    """Make a rating page of the evaluated results of one profile.

    Args:
        params: the whole of params.yaml.
        profile: whose results.
        count: how many test images; all where there are fewer.
        seed: of the choice of images.
        methods: keys of models.
        folder: where to; new or empty.

    Raises:
        UserError: an unknown profile or method, results that are missing, a folder in use.
    """
    if profile not in params.profiles:
        raise UserError(f"profile {profile!r}: must be one of {', '.join(params.profiles)}")
    chosen = [name for name in dict.fromkeys(methods) if name != GROUND_TRUTH]
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    for method in chosen:
        if method not in models:
            raise UserError(f"method {method!r}: must be one of {', '.join(models)} (--methods)")
    if not chosen:
        raise UserError(f"only {GROUND_TRUTH} is to be rated; name a method (--methods)")

    paths = Paths(profile)
    for needed in (paths.data("preprocess", "test"), *(paths.results(m) for m in chosen)):
        if not needed.is_dir():
            raise UserError(f"{needed} does not exist; run `dvc repro`, which evaluates")
    files = {
        f"{test_set}/{file.stem}": file
        for test_set in params.profiles[profile].download.test
        for file in list_images(paths.test(test_set) / HR)
    }
    images = choose_images(list(files), count, seed)

    def picture(method: str, image: str) -> Path:
        if method == GROUND_TRUTH:
            return files[image]
        return paths.results(method) / Path(image).parent / files[image].name

    return Session(write_session(folder, images, chosen, picture, seed), images, chosen)


def choose_images(images: Sequence[str], count: int, seed: int) -> list[str]:
    """`count` of `images`, or all where there are fewer; the same for the same seed."""
    names = sorted(images)
    return sorted(random.Random(seed).sample(names, min(count, len(names))))


def write_session(
    folder: Path,
    images: Sequence[str],
    methods: Sequence[str],
    picture: Callable[[str, str], Path],
    seed: int,
) -> Path:
    """Write the rating page of `images` by each of `methods` and by `GROUND_TRUTH`.

    Args:
        folder: where to; made where it does not exist, must be empty otherwise.
        images: names `<set>/<image>`.
        methods: keys of models.
        picture: (method, image) -> PNG to show.
        seed: names and order of the pictures; the same arguments and pictures give the same
            folder, byte for byte.

    Returns:
        The page, to be opened in a browser.

    Raises:
        UserError: the folder is not empty or cannot be made, a picture is missing, or an image has
            another size by one method than in the ground truth.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not empty; name a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"folder {folder} cannot be made ({error.strerror})") from None
    shown = [(image, method) for image in images for method in (*methods, GROUND_TRUTH)]
    session = hashlib.sha256(repr((seed, shown)).encode())
    for image in images:
        truth = read_rgb(picture(GROUND_TRUTH, image))
        for method in (*methods, GROUND_TRUTH):
            rgb = read_rgb(picture(method, image))
            _check_size(picture(method, image), rgb, truth)
            session.update(rgb.tobytes())
    session_id = session.hexdigest()[:32]

    # Chance alone says in which order files and their times lie in the folder.
    chance = random.Random(session_id)
    chance.shuffle(shown)
    files = [f"{number:012x}" for number in chance.sample(range(16**12), len(shown))]
    pictures, page = folder / "pictures", folder / "index.html"
    numbers = [images.index(image) for image, _ in shown]
    try:
        for name, (image, method) in zip(files, shown, strict=True):
            write_png(pictures / f"{name}.png", read_rgb(picture(method, image)))
        write_text(page, _page(session_id, list(zip(files, numbers, strict=True)), shown))
    except BaseException:  # Ctrl-C too: the same command must find the folder as it was
        shutil.rmtree(pictures, ignore_errors=True)
        page.unlink(missing_ok=True)
        raise
    return page


def mask(text: str, session_id: str) -> str:
    """Make a text unreadable at a glance: XOR by the id's bytes, over and over, in base64."""
    pairs = zip(text.encode(), cycle(bytes.fromhex(session_id)), strict=False)
    return base64.b64encode(bytes(a ^ b for a, b in pairs)).decode()


def _check_size(path: Path, rgb: np.ndarray, truth: np.ndarray) -> None:
    if rgb.shape != truth.shape:
        size, other = (f"{array.shape[1]}x{array.shape[0]}" for array in (rgb, truth))
        raise UserError(
            f"{path} is {size} px and its ground truth {other}; run `dvc repro`, which evaluates"
        )


def _page(session_id: str, pictures: list[tuple[str, int]], shown: list[tuple[str, str]]) -> str:
    session = {
        "id": session_id,
        "pictures": pictures,
        "names": mask(json.dumps(shown), session_id),
    }
    return fill(__package__, session=session)
