"""The cases of bad_inputs.py: what may be wrong with what a user gives, and what meets it."""

import io
import struct
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image
from support.photographs import png_of, samples, tiff_of

from srgan_distill.common.paths import Paths

ROOT = Path(__file__).parents[1]
METHODS = ("gan2gan", "gan2g", "gan2g_al", "g2g_al")
PATHS = Paths("sample")
TEST = "People"


class Case(NamedTuple):
    """One bad input: its kind, what it is, how to make it in a project, and the command."""

    kind: str
    name: str
    spoil: Callable[[Path], None]
    command: tuple[str, ...]


def put(name: str | Path, data: bytes) -> Callable[[Path], None]:
    """Write a file of the project."""

    def spoil(folder: Path) -> None:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    return spoil


def nothing(folder: Path) -> None:
    """Leave the project as it is: the command itself is what is wrong."""


def without_params(folder: Path) -> None:
    """Remove params.yaml."""
    (folder / "params.yaml").unlink()


# ── Parameters ───────────────────────────────────────────────────────────────────────────────


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of params.yaml that is no section, with its place."""
    items = value.items() if isinstance(value, dict) else ()
    if not items:
        yield path, value
    for key, child in items:
        yield from leaves(child, (*path, key))


def parameter_cases(params: dict[str, Any]) -> Iterator[Case]:
    """Values of another kind, one by one; sections that are missing; files that are none."""
    wanted = [path for path, _ in leaves(params) if path[0] != "profiles" or path[1] == "sample"]
    for path in wanted:

        def change(folder: Path, path: tuple[Any, ...] = path) -> None:
            changed = yaml.safe_load((folder / "params.yaml").read_text())
            section = changed
            for key in path[:-1]:
                section = section[key]
            section[path[-1]] = {"of": "another kind"}
            (folder / "params.yaml").write_text(yaml.safe_dump(changed))

        yield Case("params", ".".join(map(str, path)), change, ("stage", "check"))
    texts = {
        "empty": b"",
        "a list": b"- 1\n",
        "no YAML": b"a: [",
        "binary": bytes(range(256)),
        "a tab": b"a:\n\t- b: c: d",
        "a number": b"5",
    }
    for name, text in texts.items():
        yield Case("params", f"file: {name}", put("params.yaml", text), ("stage", "check"))
    for command in (("stage", "check"), ("stage", "preprocess"), ("rate", "-o", "page")):
        yield Case("params", "file: absent", without_params, command)


# ── Images ───────────────────────────────────────────────────────────────────────────────────


def bad_images() -> dict[str, bytes]:
    """Files that no picture of 8 or 16 bits comes from."""
    good = samples()
    png, tif = good["described.png"], good["8.tif"]
    grey = np.zeros((8, 8), np.float32)
    gif = io.BytesIO()
    Image.new("L", (8, 8)).save(gif, "GIF")
    bomb = png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]
    return {
        "empty.png": b"",
        "text.png": b"no image",
        "cut.png": png_of(np.zeros((64, 64, 3), np.uint8))[:60],
        "bomb.png": bomb,
        "cut.jpg": good["described.jpg"][:300],
        "cut.tif": tif[: len(tif) // 2],
        "float.tif": tiff_of(grey),
        "deep.tif": tiff_of(grey.astype(np.uint32)),
        "gif.png": gif.getvalue(),
        "cut.webp": good["described.webp"][:50],
        "cut.bmp": good["colour.bmp"][:60],
        "phone.heic": b"\0\0\0\x18ftypheic" + bytes(64),
    }


def image_cases() -> Iterator[Case]:
    """Bad images for everything that reads them, and folders that do not fit."""
    small = png_of(np.zeros((8, 8, 3), np.uint8))
    clear = png_of(np.zeros((96, 96, 4), np.uint8))
    score = ("score", "--sr", "sr", "--hr", str(PATHS.test(TEST) / "HR"))
    for name, data in bad_images().items():
        yield Case("images", name, put(name, data), ("upscale", name, "-o", "out"))
        yield Case("images", f"sr/{name}", put(f"sr/{name}", data), score)
        for folder in (PATHS.images("SampleTrain"), PATHS.images(TEST)):
            yield Case("images", name, put(folder / name, data), ("stage", "preprocess"))
        place = PATHS.results("gan2g") / TEST / "a.png"
        yield Case("images", name, put(place, data), ("rate", "-o", "page"))
        yield Case(
            "images",
            name,
            put(PATHS.test(TEST) / "LR" / "a.png", data),
            ("stage", "evaluate", "bicubic"),
        )
    yield Case("images", "one of two", put("sr/a.png", small), score)
    yield Case("images", "transparent", put("sr/a.png", clear), score)
    yield Case("images", "absent folder", nothing, score)
    yield Case(
        "images",
        "small",
        put(PATHS.images("SampleTrain") / "s.png", small),
        ("stage", "preprocess"),
    )
    yield Case(
        "images",
        "other size",
        put(PATHS.results("gan2g") / TEST / "a.png", small),
        ("rate", "-o", "page"),
    )
    for output in ("precious.png", "precious.png/x", "photos/a.png", "out.heic", "out.gif"):
        for force in ((), ("--force",)):
            if output != "precious.png" or not force:
                yield Case(
                    "images",
                    f"-o {output}",
                    nothing,
                    ("upscale", "photos/a.png", "-o", output, *force),
                )
    yield Case("images", "-o in a file", nothing, ("rate", "-o", "precious.png/x"))
    yield Case("images", "-o in use", nothing, ("rate", "-o", "photos"))
    yield Case("images", "over inputs", nothing, ("upscale", "photos", "-o", "photos", "--force"))


# ── Archives, weights, ratings, revisions ────────────────────────────────────────────────────


def archive(entries: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return file.getvalue()


def archive_cases() -> Iterator[Case]:
    """Archives of a mirror that are damaged, lie about themselves, or hold something else."""
    whole = archive({f"BSDS500-master/BSDS500/data/images/train/{n}.jpg": b"x" for n in range(20)})
    folder = "BSDS500-master/BSDS500/data/images/train"
    bad = {
        "empty": b"",
        "text": b"<html>404</html>",
        "cut": whole[:400],
        "no images": archive({"a": b""}),
        "too few": whole,
        "outside": archive({"../../precious.png": b"x", f"{folder}/1.jpg": b"x"}),
        "absolute": archive({"/precious.png": b"x"}),
        "spoilt": whole[:60] + bytes(90) + whole[150:],
    }
    for file in ("BSDS500-master.zip", "BSR_bsds500.tgz", "benchmark.tar"):
        for name, data in bad.items():

            def spoil(folder: Path, file: str = file, data: bytes = data) -> None:
                put(f"mirror/archives/{file}", data)(folder)
                params = yaml.safe_load((folder / "params.yaml").read_text())
                params["mirror"] = "mirror"
                sets = {
                    "train": ["BSDS500Train"],
                    "validation": ["SampleValidation"],
                    "test": [TEST],
                }
                if file == "benchmark.tar":
                    sets |= {"train": ["SampleTrain"], "test": ["Set5"]}
                params["profiles"]["sample"]["download"] = sets
                (folder / "params.yaml").write_text(yaml.safe_dump(params))

            yield Case("archives", f"{file}: {name}", spoil, ("stage", "download"))


def weight_cases() -> Iterator[Case]:
    """Files of weights that are of something else, or damaged."""
    good = (ROOT / "src/srgan_distill/shipped/pretrain_student.safetensors").read_bytes()
    header = int.from_bytes(good[:8], "little")
    bad = {
        "empty": b"",
        "text": b"no weights",
        "pickle": b"\x80\x02}q\0.",
        "cut": good[:5000],
        "header": good[:8] + b"x" * header + good[8 + header :],
        "length": b"\xff" * 8 + good[8:],
    }
    for name, data in bad.items():
        for suffix in ("safetensors", "pth"):
            file = f"model.{suffix}"
            yield Case(
                "weights",
                f"{file}: {name}",
                put(file, data),
                ("upscale", "photos", "-o", "out", "--model", file),
            )
        yield Case(
            "weights",
            f"generator: {name}",
            put(PATHS.generator("pretrain_student"), data),
            ("stage", "evaluate", "pretrain_student"),
        )
        yield Case(
            "weights",
            f"niqe: {name}",
            put("niqe.mat", data),
            (
                "score",
                "--sr",
                "photos",
                "--hr",
                "photos",
                "--metrics",
                "niqe",
                "--weights",
                "niqe=niqe.mat",
            ),
        )
    yield Case("weights", "absent", nothing, ("upscale", "photos", "-o", "out", "--model", "none"))
    yield Case("weights", "absent", nothing, ("stage", "evaluate", "none"))
    yield Case(
        "weights", "a folder", nothing, ("upscale", "photos", "-o", "out", "--model", "photos")
    )
    yield Case("weights", "cuda", nothing, ("upscale", "photos", "-o", "out", "--device", "cuda"))


def rating_cases() -> Iterator[Case]:
    """CSVs of raters with one thing wrong."""
    head = "rater,image,method,score\n"
    rows = [
        f"r,{TEST}/{image},{method},{1 + (place + len(image)) % 5}\n"
        for place, method in enumerate((*METHODS, "ground_truth"))
        for image in "ab"
    ]
    whole = head + "".join(rows)
    bad = {
        "empty": "",
        "no header": "".join(rows),
        "header alone": head,
        "missing": head + "".join(rows[1:]),
        "twice": whole + rows[0],
        "score 6": whole.replace(",1\n", ",6\n", 1),
        "score 0": whole.replace(",1\n", ",0\n", 1),
        "score 3.5": whole.replace(",1\n", ",3.5\n", 1),
        "no score": whole.replace(",1\n", ",\n", 1),
        "other method": whole.replace("gan2gan", "gan9", 1),
        "other image": whole.replace(f"{TEST}/a", f"{TEST}/z", 1),
        "no rater": whole.replace("r,", ",", 1),
        "five values": whole.replace(",1\n", ",1,1\n", 1),
        "quotes": whole + '"open\n',
        "columns": whole.replace("rater,image", "image,rater", 1),
    }
    for name, text in bad.items():
        yield Case("ratings", name, put("data/ratings/r.csv", text.encode()), ("stage", "opinion"))
    for name, data in {
        "latin-1": b"\xe9" + whole.encode(),
        "binary": bytes(range(256)),
        "UTF-16": whole.encode("utf-16"),
    }.items():
        yield Case("ratings", name, put("data/ratings/r.csv", data), ("stage", "opinion"))
    yield Case("ratings", "a sheet", put("data/ratings/r.xlsx", b"PK"), ("stage", "opinion"))


def revision_cases() -> Iterator[Case]:
    """Revisions that are none, and those without figures."""

    def repository(folder: Path) -> None:
        git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
        for command in (("init", "-q"), ("add", "params.yaml"), ("commit", "-qm", "first")):
            subprocess.run([*git, *command], cwd=folder, check=True)

    wrong = ("none", "HEAD~9", "0" * 40, "a b", "--", "", ":x", "@{9}")
    # These exist, but hold no figures that `compare` could show.
    for revision in (*wrong, "HEAD", "workspace"):
        commands = [("compare", "--", revision)]
        if revision in wrong:
            commands.append(("review", f"--base={revision}"))
        for command in commands:
            for name, spoil in (("repository", repository), ("no repository", nothing)):
                yield Case("revisions", f"{revision!r}, {name}", spoil, command)


def all_cases(params: dict[str, Any]) -> list[Case]:
    """Every case of a project with these parameters."""
    return [
        *parameter_cases(params),
        *image_cases(),
        *archive_cases(),
        *weight_cases(),
        *rating_cases(),
        *revision_cases(),
    ]
