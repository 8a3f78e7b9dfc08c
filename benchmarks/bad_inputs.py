"""Bad input of every kind for every command: one line that says so, exit code not 0, nothing lost.

Usage: python benchmarks/bad_inputs.py, in a few minutes; without network.

Each case (bad_input_cases.py) is a copy of a small project with one thing wrong: a value of
params.yaml, an image, an archive, a file of weights, a rating, a revision. The command runs in this
process. A case fails if the command ends well, raises, says nothing or more than one line for what
is wrong, or if a file that was there before is another one after it (but for what stage preprocess
makes anew).
"""

import hashlib
import io
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

import numpy as np
import yaml

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from bad_input_cases import METHODS, PATHS, TEST, Case, all_cases
from support.small_project import write_project

from srgan_distill.app import cli
from srgan_distill.common.errors import exit_code
from srgan_distill.imaging.images import write_png
from srgan_distill.sources.store import Store
from srgan_distill.sources.unavailable import Unavailable


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
        for number, case in enumerate(all_cases(params)):
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
