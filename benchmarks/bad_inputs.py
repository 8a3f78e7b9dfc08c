"""Bad input of every kind for every command: one line that says so, exit code not 0, nothing lost.

Usage: python benchmarks/bad_inputs.py, in a few minutes; without network.

Each case is a copy of a small project with one thing wrong: a value of params.yaml, an image, an
archive, a file of weights, a rating, a revision. The command runs in this process. A case fails if
the command ends well, raises, says nothing or more than one line for what is wrong, or if a file
that was there before is another one after it (but for what stage preprocess makes anew).
"""

import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from support.photographs import png_of, samples, tiff_of  # noqa: E402
from support.small_project import write_project  # noqa: E402

from srgan_distill.app import cli  # noqa: E402
from srgan_distill.common.errors import exit_code  # noqa: E402
from srgan_distill.common.paths import Paths  # noqa: E402
from srgan_distill.imaging.images import write_png  # noqa: E402
from srgan_distill.sources.store import Store  # noqa: E402
from srgan_distill.sources.unavailable import Unavailable  # noqa: E402

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


def base_project(folder: Path) -> None:
    """A project with everything that the commands read, all of it good."""
    write_project(folder, steps=4, batch=2, log_every=2, lr=1e-3)
    rng = np.random.default_rng(0)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["profiles"]["sample"]["download"]["test"] = [TEST]
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for name in ("a", "b"):
        hr = rng.integers(0, 256, (96, 96, 3), np.uint8)
        for place in (PATHS.test(TEST) / "HR", *(PATHS.results(m) / TEST for m in METHODS)):
            write_png(folder / place / f"{name}.png", hr)
        write_png(folder / PATHS.test(TEST) / "LR" / f"{name}.png", hr[::4, ::4])
        write_png(folder / "photos" / f"{name}.png", hr[:8, :8])
    for data_set in ("SampleTrain", "SampleValidation", TEST):
        write_png(
            folder / PATHS.images(data_set) / "a.png", rng.integers(0, 256, (96, 96, 3), np.uint8)
        )
    (folder / "data" / "ratings").mkdir(parents=True, exist_ok=True)
    (folder / "precious.png").write_bytes(b"precious")


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


# ── Running them ─────────────────────────────────────────────────────────────────────────────


def contents(folder: Path, command: tuple[str, ...]) -> dict[str, str]:
    """The checksum of every file but what the command is there to make anew."""
    own = folder / PATHS.data("preprocess") if command[1] == "preprocess" else folder / ".git"
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not {own, folder / ".git"} & {*file.parents}
    }


def run(command: tuple[str, ...]) -> tuple[int, list[str]]:
    """Exit code and the lines of stderr."""
    errors = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(errors):
        try:
            if command[0] == "stage":
                stage = import_module(f"srgan_distill.stages.{command[1]}")
                code = exit_code(lambda: stage.run(*command[2:]))
            else:
                code = cli.main(list(command))
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            code = -1
            traceback.print_exc(file=errors)
    return code, errors.getvalue().splitlines()


def problem(case: Case, base: Path, folder: Path) -> str:
    """What the command did wrong, if anything."""
    shutil.copytree(base, folder)
    case.spoil(folder)
    before = contents(folder, case.command)
    with chdir(folder):
        code, lines = run(case.command)
    after = contents(folder, case.command)
    if code == 0:
        return "exit code 0"
    if lost := [name for name, sum_ in before.items() if after.get(name) != sum_]:
        return f"lost {lost}"
    said = [line for line in lines if "error: " in line]
    if code < 0 or any("Traceback" in line for line in lines):
        return "; ".join(lines[-3:])
    # `upscale` says one line for each of several files, and a count.
    return "" if said and (len(said) == 1 or case.command[0] == "upscale") else repr(lines)


def main() -> int:
    """Print how many cases of each command and kind were tried, and what went wrong."""

    def closed(store: Store, url: str, name: str, md5: str | None = None) -> Path:
        raise Unavailable("there is no network")

    Store.load = closed  # type: ignore[method-assign]
    os.environ.pop("SRGAN_DISTILL_MIRROR", None)
    tried: Counter[tuple[str, str]] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        base = Path(work) / "base"
        base_project(base)
        params = yaml.safe_load((base / "params.yaml").read_text())
        cases = [
            *parameter_cases(params),
            *image_cases(),
            *archive_cases(),
            *weight_cases(),
            *rating_cases(),
            *revision_cases(),
        ]
        for number, case in enumerate(cases):
            folder = Path(work) / str(number)
            found = problem(case, base, folder)
            shutil.rmtree(folder)
            command = case.command[1] if case.command[0] == "stage" else case.command[0]
            tried[case.kind, command] += 1
            if found:
                wrong += 1
                print(f"{command}, {case.kind}: {case.name}: {found[:300]}", flush=True)
    for (kind, command), count in tried.items():
        print(f"{kind:10} {command:10} {count:4}")
    print(f"{sum(tried.values())} tried, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
