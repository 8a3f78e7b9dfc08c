"""What is published, on a server of the tests in its place: archives of sets, files of weights."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from srgan_distill.common.params import Source
from srgan_distill.scoring import measure
from srgan_distill.sources import data_sets, weights
from srgan_distill.sources import store as store_module
from srgan_distill.sources.catalogue import PUBLIC
from srgan_distill.sources.mirror import Mirror
from srgan_distill.sources.store import Store
from srgan_distill.stages import download
from support import packing
from support.code_reading import SOURCE
from support.web import Web, serve

# What each archive holds, made when first asked for.
PACKED: dict[str, Callable[[], bytes]] = {
    "benchmark.tar": packing.benchmark,
    "Set5_HR.tar.gz": packing.set5_alone,
    "DIV2K_train_HR.zip": lambda: packing.div2k("train", 1, 800),
    "DIV2K_valid_HR.zip": lambda: packing.div2k("valid", 801, 100),
    "BSDS500-master.zip": packing.bsds500,
    "SR_training_datasets.zip": packing.lapsrn,
}

SHIPPED = {"network": "vgg16", "layer": "relu3_3", "weights": None}


@pytest.fixture(scope="session")
def packed() -> dict[str, bytes]:
    return {name: pack() for name, pack in PACKED.items()}


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Web]:
    """A server in place of every published address; it has nothing yet."""
    monkeypatch.setattr(store_module, "WAITS", (0.01,))
    monkeypatch.delenv("SRGAN_DISTILL_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    measure._create.cache_clear()  # its files go by relative paths
    with serve() as web:
        for name, data_set in PUBLIC.items():
            archives = [
                replace(a, md5=None, urls=tuple(f"{web.address}/{n}/{a.name}" for n in (1, 2)))
                for a in data_set.archives
            ]
            monkeypatch.setitem(PUBLIC, name, replace(data_set, archives=tuple(archives)))
        monkeypatch.setattr(weights, "ADDRESSES", (f"{web.address}/1/", f"{web.address}/2/"))
        monkeypatch.setattr(weights, "TORCHVISION", (f"{web.address}/torchvision/",))
        yield web


@pytest.fixture
def set5(web: Web) -> Path:
    """A mirror's Set5 under other names."""
    folder = Path("mirror/Set5")
    folder.mkdir(parents=True)
    for number, file in enumerate(packing.images_of("Set5"), 1):
        (folder / f"{number}.png").write_bytes(file)
    return folder


def store() -> Store:
    return Store(Path("archives"))


def fetch(data_set: str, target: Path, mirror: Mirror | None, store: Store) -> str:
    """The whole of a known set, as params.yaml names it."""
    return data_sets.fetch(Source(set=data_set), target, mirror, store, {})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run_download(mirror: str | None = None, content: dict | None = None, **sections: dict) -> None:
    """Run `download` on a profile of Set5, with changes."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["mirror"] = mirror
    params["content"] = content or SHIPPED
    profile = params["profiles"]["sample"]
    profile["download"] = {"train": ["SampleValidation"], "validation": ["Set5"], "test": ["Set5"]}
    profile["evaluate"] = {"metrics": ["psnr"], "weights": {}}
    profile |= sections
    Path("params.yaml").write_text(yaml.safe_dump(params))
    download.run()
