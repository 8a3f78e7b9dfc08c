"""What all tests share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.evaluated import evaluated, in_evaluated  # noqa: F401 - fixtures
from support.headline_project import changed, headlines, headlines_project  # noqa: F401 - fixtures
from support.published import packed, set5, web  # noqa: F401 - fixtures
from support.small_project import small_project  # noqa: F401 - a fixture
from support.training_parts import make_trainer, networks, tiles  # noqa: F401 - fixtures


@pytest.fixture(scope="session", autouse=True)
def of_no_machine() -> Iterator[None]:
    """Nothing of the machine's own: no proxy before the tests' server, no settings of git's user,
    no place in a training on several machines, no disk that is nearly full."""
    proxies = [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy")]
    with pytest.MonkeyPatch.context() as patch:
        for name in (*proxies, "NODE_RANK", "MASTER_ADDR", "MASTER_PORT"):
            patch.delenv(name, raising=False)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        # DIV2K is asked for, though never loaded, and its 11 GB are counted before its server is.
        real = shutil.disk_usage
        patch.setattr(shutil, "disk_usage", lambda folder: real(folder)._replace(free=10**12))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the public test sets and weights, which are too large for the repository."""
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("SRGAN_DISTILL_SHARED", beside))
    if not (folder / "datasets").is_dir():
        pytest.skip("no shared data: set SRGAN_DISTILL_SHARED to a folder that holds datasets/")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The file of a generator with 4 filters and 1 block."""
    from support.upscaling import tiny_generator

    from srgan_distill.networks.weights import save_generator

    file = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_generator(file, tiny_generator())
    return file


@pytest.fixture(scope="session")
def model(tiny: Path):
    """That generator, ready to upscale."""
    from srgan_distill.app.api import load_model

    return load_model(tiny, device="cpu")


@pytest.fixture(scope="session")
def coffee(tmp_path_factory):
    """A real photograph: uint8 RGB, [400, 600, 3]."""
    from srgan_distill.imaging.images import read_rgb
    from srgan_distill.sources.packages import copy_photographs

    folder = tmp_path_factory.mktemp("photographs")
    copy_photographs("Things", folder)
    return read_rgb(folder / "coffee.png")


@pytest.fixture
def photo(coffee):
    """A part of it: [14, 18, 3]."""
    return coffee[200:214, 300:318].copy()


@pytest.fixture
def run(tiny, capsys):
    """The command with the tiny model: its exit code, stdout, and the lines of stderr."""

    from srgan_distill.app import cli

    def command(*arguments: object) -> tuple[int, str, list[str]]:
        whole = ["upscale", *arguments, "--model", tiny, "--device", "cpu"]
        code = cli.main([str(part) for part in whole])
        out, err = capsys.readouterr()
        return code, out, err.splitlines()

    return command
