"""Stage check: what is refused before anything is fetched or trained, and what is removed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError
from srgan_distill.common.paths import CHECKED
from srgan_distill.common.text import write_text
from srgan_distill.sources.packages import copy_photographs
from srgan_distill.stages import check

Change = Callable[[dict], object]


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Run the stage on params.yaml with a change."""
    monkeypatch.chdir(tmp_path)

    def run(change: Change) -> None:
        params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text(encoding="utf-8"))
        change(params)
        Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        check.run()

    return run


def sample(params: dict) -> dict:
    return params["profiles"]["sample"]


def crop(name: str, **changes: object) -> Change:
    """Change the first crop of a profile."""
    return lambda params: params["profiles"][name]["tables"]["crops"][0].update(changes)


def downloads(**uses: list) -> Change:
    """Other data sets of the sample, and crops that belong to them."""

    def change(params: dict) -> None:
        sample(params)["download"].update(uses)
        sample(params)["tables"]["crops"] = [
            {"set": "Things", "image": "coffee", "top": 0, "left": 0, "size": 96}
        ]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (crop("sample", set="Set5"), "profiles.sample.tables.crops[0].set = 'Set5': must be one"),
        (crop("sample", image="coffee"), "crops[0].image = 'coffee': People has astronaut, grace"),
        (crop("sample", top=420), "96x96 px from top 420, left 176 leave People/astronaut, 512"),
        (crop("bsds500", image="img_001"), "= 'img_001': Set14 has baboon, barbara, bridge,"),
        (crop("bsds500", left=160), "leave Set14/comic, 248 wide and 360 high"),
        (downloads(train=["Things"]), "test names Things, which is trained on"),
        (downloads(test=["Things", "Things"]), "test names Things twice"),
        (downloads(test=["Things", "Set6"]), "download.test = 'Set6': must be one of"),
        (downloads(train=[{"set": "Set5", "first": 6}]), "first = 6: Set5 has 5 images"),
        (downloads(train=[{"set": "SampleTrain", "first": 7}]), "first = 7: SampleTrain has 6"),
        (downloads(train=["no/such/folder"]), "folder no/such/folder does not exist"),
        (
            lambda p: p["hardware"].update(devices=3),
            "profiles.sample.pretrain.teacher.batch = 8 cannot be divided among 3 processes",
        ),
        (
            lambda p: p["profiles"].update({"My Data": sample(p)}),
            "a name must be lower-case letters, digits and _",
        ),
        (lambda p: p["profiles"].update(archives=sample(p)), "taken by data/archives"),
        *(
            (
                lambda p, name=name: p["strategies"].update({name: p["strategies"]["gan2g"]}),
                f"strategies.{name}: the name is that of a model without a teacher",
            )
            for name in ("student", "teacher", "teacher_gan", "teacher_g")
        ),
        (lambda p: p["strategies"].update(curves=p["strategies"]["gan2g"]), "'curves' is taken"),
        (
            lambda p: sample(p)["evaluate"].update(weights={"niqe": "absent.mat"}),
            "profiles.sample.evaluate.weights.niqe = 'absent.mat': there is no such file",
        ),
        (
            lambda p: p["networks"]["student"].update(filters=16),
            "start_from = 'shipped': the fakd_al that ships is filters 32, blocks 8, "
            "checkerboard_free True, but `networks` has filters 16, blocks 8,",
        ),
        (
            lambda p: sample(p).update(start_from="bsds500"),
            "profiles.sample.start_from = 'bsds500': must be 'scratch' or 'shipped'",
        ),
        (
            lambda p: p["content"].update(weights="absent.pth"),
            "content.weights = 'absent.pth': there is no such file",
        ),
    ],
)
def test_it_is_refused_in_one_line(
    checked: Callable[[Change], None], change: Change, message: str
) -> None:
    with pytest.raises(UserError) as error:
        checked(change)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not CHECKED.exists()


@pytest.mark.parametrize(
    "change", [lambda params: None, downloads(train=[{"set": "SampleTrain", "first": 6}])]
)
def test_what_is_right_is_let_through(checked: Callable[[Change], None], change: Change) -> None:
    checked(change)
    assert CHECKED.exists()


def test_from_scratch_networks_are_free(checked: Callable[[Change], None]) -> None:
    def change(params: dict) -> None:
        params["networks"]["student"]["filters"] = 16
        sample(params)["start_from"] = "scratch"

    checked(change)
    assert CHECKED.exists()


def test_crops_of_one_s_own_photographs_are_looked_up(checked: Callable[[Change], None]) -> None:
    def change(**changes: object) -> Change:
        def apply(params: dict) -> None:
            downloads(test=["photos/mine"])(params)
            crops = sample(params)["tables"]["crops"]
            crops[0] |= {"set": "mine", "image": "chelsea"} | changes

        return apply

    copy_photographs("Nature", Path("photos/mine"))
    checked(change())
    with pytest.raises(UserError, match="leave mine/chelsea, 448 wide and 300 high"):
        checked(change(top=205))
    with pytest.raises(UserError, match="= 'cat': mine has chelsea"):
        checked(change(image="cat"))
    # Stage preprocess says what comes of another image that cannot be read: on_bad_image.
    Path("photos/mine/broken.png").write_bytes(b"no image")
    checked(change())
    with pytest.raises(UserError, match=r"broken\.png"):
        checked(change(image="broken"))


def test_validation_sets_share_no_name(checked: Callable[[Change], None]) -> None:
    """They become one folder; cameras give many images one name."""
    for folder in ("photos/a", "photos/b"):
        copy_photographs("Nature", Path(folder))
    with pytest.raises(UserError, match=r"^images photos/a/(.*) and photos/b/\1 share a name, and"):
        checked(downloads(validation=["photos/a", "photos/b"]))
    Path("photos/c").mkdir()
    shutil.copy("photos/a/chelsea.png", "photos/c/baby.png")
    with pytest.raises(UserError, match=r"^images Set5/baby and photos/c/baby\.png share a name"):
        checked(downloads(validation=["Set5", "photos/c"]))
    checked(downloads(validation=["photos/a"]))


def test_of_another_profile_no_folder_need_be_here(checked: Callable[[Change], None]) -> None:
    def change(params: dict) -> None:
        params["profiles"]["mine"] = yaml.safe_load(yaml.safe_dump(sample(params)))
        mine = params["profiles"]["mine"]
        mine["download"]["test"] = ["on/another/machine"]
        mine["tables"]["crops"] = [mine["tables"]["crops"][0] | {"set": "machine"}]

    checked(change)


def test_what_a_removed_run_left_is_removed_and_nothing_else(
    checked: Callable[[Change], None], capsys: pytest.CaptureFixture
) -> None:
    for run in ("gan2g", "removed_run"):
        for stage in ("models", "evaluate", "export", "checkpoints", "notes"):
            for profile in ("sample", "bsds500", "of_another_branch"):
                write_text(Path("data") / profile / stage / run / "file", "")
        for profile in ("sample", "bsds500"):
            write_text(Path(f"metrics/{profile}/gain/{run}.json"), "{}")
    Path("elsewhere").mkdir()
    Path("data/sample/models/linked").symlink_to(Path("elsewhere").resolve())
    before = set(Path().rglob("*"))
    checked(lambda params: None)
    gone = before - set(Path().rglob("*"))
    expected = {
        Path(f"data/{profile}/{stage}/removed_run")
        for profile in ("sample", "bsds500")
        for stage in ("models", "evaluate", "export")
    } | {Path("data/sample/models/linked"), Path("metrics/sample/gain/removed_run.json")}
    assert {path for path in gone if path.parent not in gone} == expected
    lines = capsys.readouterr().out
    for path in expected:
        assert f"removed {path}: params.yaml names no run {path.stem}\n" in lines
    assert Path("elsewhere").is_dir()
