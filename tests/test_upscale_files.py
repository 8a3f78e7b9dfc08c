"""`srgan-distill upscale` and files: names, what is an image, what is replaced, runs that end."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from support.photographs import damaged, samples

from srgan_distill.app import cli
from srgan_distill.app.api import UserError, save_image
from srgan_distill.app.upscaling import command, saving
from srgan_distill.imaging import decoding

MODULE = (sys.executable, "-m", "srgan_distill.app.cli")


@pytest.fixture
def folder(photo, tmp_path) -> Path:
    """A folder with three photographs."""
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.jpg", "c.png"):
        Image.fromarray(photo).save(tmp_path / "in" / name)
    return tmp_path / "in"


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2]), **more}


# ── A batch goes on ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "error", [ValueError("x"), OverflowError("y"), MemoryError(), RecursionError()]
)
@pytest.mark.parametrize("place", ["decoder", "encoder"])
def test_whatever_foreign_code_raises_is_one_line(run, folder, tmp_path, monkeypatch, error, place):
    def fail(*_: object, **__: object) -> None:
        raise error

    if place == "decoder":
        monkeypatch.setattr(decoding, "opened", fail)
    else:
        monkeypatch.setattr(command, "save_bands", fail)
    code, out, err = run(folder, "-o", tmp_path / "out")
    assert (code, out) == (1, "")
    assert len(err) == 4
    assert err[-1] == "0 upscaled, 3 not"
    assert names(tmp_path / "out") == []


def test_a_few_hundred_damaged_files(tmp_path, monkeypatch, capfd):
    """As benchmarks/fuzz_photographs.py does with tens of thousands."""

    def repeated(model, pixels, dtype, tile, progress):
        yield (
            (pixels if pixels.dtype == dtype else pixels // 257)
            .repeat(4, 0)
            .repeat(4, 1)
            .astype(dtype)
        )

    monkeypatch.setattr(command, "upscaled_bands", repeated)
    chance = random.Random(1)
    good = list(samples().items())
    (tmp_path / "in").mkdir()
    for number in range(300):
        name, data = chance.choice(good)
        (tmp_path / "in" / f"{number:03d}_{name}").write_bytes(damaged(data, chance))
    code = cli.main(["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out")])
    out, err = capfd.readouterr()
    results = names(tmp_path / "out")
    *failed, count = err.splitlines()
    assert code == 1
    assert len(out.splitlines()) == len(results)
    assert len(failed) == 300 - len(results)
    assert all(line.startswith("error: ") for line in failed)
    assert count == f"{len(results)} upscaled, {len(failed)} not"
    assert 30 < len(results) < 270


def test_a_name_that_the_terminal_cannot_show_is_escaped(tiny, photo, tmp_path):
    (tmp_path / "in").mkdir()
    for name in (b"caf\xe9.png", "長.png".encode(), b"line\nbreak.png", b"z.png"):
        Image.fromarray(photo).save(os.path.join(os.fsencode(tmp_path / "in"), name).decode(
            errors="surrogateescape"))  # fmt: skip
    for encoding in ("utf-8", "cp1252", "ascii"):
        done = subprocess.run(
            [*MODULE, "upscale", "in", "-o", encoding, "--model", tiny, "--device", "cpu"],
            cwd=tmp_path, env=environment(PYTHONIOENCODING=encoding), capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0
        assert done.stderr == b""
        lines = done.stdout.splitlines()
        assert len(lines) == len(names(tmp_path / encoding)) == 4
        assert b"caf\\udce9.png" in lines[0]
        assert b"line\\nbreak.png" in done.stdout
        assert (b"\\u9577.png" in done.stdout) == (encoding != "utf-8")


def test_a_reader_that_goes_away_stops_nothing(tiny, folder, tmp_path):
    whole = [*MODULE, "upscale", folder, "-o", tmp_path / "out", "--model", tiny, "--device", "cpu"]
    running = subprocess.Popen(
        whole, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    running.stdout.close()
    _, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (0, b"")
    assert names(tmp_path / "out") == ["a.png", "b.jpg", "c.png"]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_output_stops_nothing(tiny, folder, tmp_path, closed):
    whole = [*MODULE, "upscale", folder, "-o", tmp_path / "out", "--model", tiny, "--device", "cpu"]
    shell = ["bash", "-c", f'"$@" {closed}', "bash", *whole]
    done = subprocess.run(shell, env=environment(), stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert names(tmp_path / "out") == ["a.png", "b.jpg", "c.png"]


# ── What counts as an image ──────────────────────────────────────────────────────────────────


def test_what_is_left_out_of_a_folder_is_counted_by_kind(run, photo, folder, tmp_path):
    for name in ("d.gif", "e.GIF", "f.cr2", "notes", "._a.jpg", ".DS_Store"):
        (folder / name).write_bytes(b"no image")
    (folder / "more").mkdir()
    Image.fromarray(photo).save(folder / "g.jfif", "JPEG")
    code, out, err = run(folder, "-o", tmp_path / "out")
    assert code == 0
    assert err == [f"note: {folder}: left out 1 .cr2, 2 .gif, 1 folder, 1 without a suffix"]
    assert names(tmp_path / "out") == ["a.png", "b.jpg", "c.png", "g.jfif"]
    assert Image.open(tmp_path / "out" / "g.jfif").format == "JPEG"
    assert out.count("\n") == 4


def test_a_folder_of_other_files_says_what_it_holds(run, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.gif").write_bytes(b"")
    code, _, err = run(tmp_path / "in", "-o", tmp_path / "out")
    assert code == 1
    assert "holds no image" in err[0]
    assert err[0].endswith("it holds 1 .gif")


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".gif", ".svg", ".CR2", ".jxl", ".psd"])
def test_an_output_that_cannot_be_written_makes_no_folder(run, folder, tmp_path, suffix):
    code, _, err = run(folder / "a.png", "-o", tmp_path / f"out{suffix}")
    assert (code, len(err)) == (1, 1)
    assert "is no format to write" in err[0]
    assert names(tmp_path) == ["in"]


def test_what_can_be_read_but_not_written_becomes_png(run, photo, tmp_path):
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    Image.fromarray(photo).save(tmp_path / "a.avif")
    assert run(tmp_path / "a.avif", "-o", tmp_path / "out")[0] == 0
    assert names(tmp_path / "out") == ["a.png"]


@pytest.mark.parametrize(
    ("name", "result"),
    [("two.mpo", "two.png"), ("pic.HIF", "pic.png"), ("scan", "scan.png"), ("a.b", "a.b.png"),
     ("v1.5.heic", "v1.5.png"), (".hidden", ".hidden.png"), ("p.JPG", "p.JPG")],
)  # fmt: skip
def test_every_photograph_s_result_has_a_name(run, photo, tmp_path, name, result):
    Image.fromarray(photo).save(tmp_path / name, "PNG")
    code, _, err = run(tmp_path / name, "-o", tmp_path / "out")
    assert (code, err) == (0, [])
    assert names(tmp_path / "out") == [result]


@pytest.mark.parametrize("name", ["nothere/", "nosuch.dng", "none", "a.b"])
def test_a_mistyped_name_is_said_to_be_none(run, tmp_path, name):
    code, _, err = run(f"{tmp_path}/{name}", "-o", tmp_path / "out")
    assert (code, err[0]) == (1, f"error: image {tmp_path / name} does not exist")


# ── Names and what is replaced ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["長" * 80, "n" * 251])
def test_the_longest_names_have_results(run, photo, tmp_path, name):
    Image.fromarray(photo).save(tmp_path / f"{name}.png")
    assert run(tmp_path / f"{name}.png", "-o", tmp_path / "out")[0] == 0
    assert names(tmp_path / "out") == [f"{name}.png"]


def test_force_never_replaces_a_photograph_of_the_same_command(run, folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    Image.new("RGB", (5, 5)).save(out / "a.png")
    before = (out / "a.png").read_bytes()
    for inputs in ((folder, out), (out, folder), (folder / "a.png", out / "a.png")):
        code, _, err = run(*inputs, "-o", out, "--force")
        assert code == 1
        assert any("another photograph" in line for line in err)
        assert (out / "a.png").read_bytes() == before


def test_a_link_to_a_photograph_counts_as_it(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(folder / "a.png")
    before = (folder / "a.png").read_bytes()
    code, _, err = run(folder / "a.png", "-o", tmp_path / "out", "--force")
    assert code == 1
    assert "would replace it" in err[0]
    assert (folder / "a.png").read_bytes() == before


def test_a_part_that_a_kill_left_is_no_obstacle(run, folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(saving.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        patch.setattr(Path, "unlink", lambda *_: None)
        assert run(folder, "-o", out)[0] == 1
    left = {path: path.read_bytes() for path in out.iterdir()}
    assert {path.suffix for path in left} == {".part"}
    assert run(folder, "-o", out)[0] == 0
    assert names(out) == sorted(["a.png", "b.jpg", "c.png", *(path.name for path in left)])
    assert {path: path.read_bytes() for path in left} == left


def test_a_photograph_that_keeps_its_name_goes_before_one_that_takes_it(run, photo, tmp_path):
    """p.heic and p.png both become p.png, and p.heic comes first by name."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a.heic", "p.heic", "p.png"):
        Image.fromarray(photo).save(source / name, "PNG")
    expected = f"image {source / 'p.heic'}: {out / 'p.png'} is the result of {source / 'p.png'}"
    for again in (False, True):
        code, text, err = run(source, "-o", out)
        assert code == 1
        done = [line.split(" -> ")[0] for line in text.splitlines()]
        assert done == [str(source / "a.heic"), str(source / "p.png")]
        assert err[0] == f"error: {expected}; give it a folder of its own"
        assert text.count("there already") == 2 * again


@pytest.mark.parametrize("owner", ["p.png", "p.avif"])
def test_a_name_stays_its_photographs_own_while_that_is_damaged(run, photo, tmp_path, owner):
    """Mended, it would find the other one's result there, and take it for its own."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    Image.fromarray(photo).save(source / "p.heic", "PNG")
    (source / owner).write_bytes(b"damaged")
    code, text, err = run(source, "-o", out)
    assert (code, text, err[-1], list(out.iterdir())) == (1, "", "0 upscaled, 2 not", [])
    Image.fromarray(255 - photo).save(source / owner, "PNG")
    code, text, _ = run(source, "-o", out)
    assert code == 1
    assert [line.split(": ")[0] for line in text.splitlines()] == [
        f"{source / owner} -> {out / 'p.png'}"
    ]
    assert "there already" not in text


# ── Runs that were interrupted ───────────────────────────────────────────────────────────────


def test_an_interrupted_run_goes_on_with_what_is_missing(run, folder, tmp_path):
    out = tmp_path / "out"
    assert run(folder, "-o", out)[0] == 0
    (out / "b.jpg").unlink()
    kept = {name: (out / name).stat().st_mtime_ns for name in ("a.png", "c.png")}
    code, text, err = run(folder, "-o", out)
    assert (code, err) == (0, [])
    assert text.count("there already") == 2
    assert names(out) == ["a.png", "b.jpg", "c.png"]
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
    code, text, _ = run(folder, "-o", out, "--force")
    assert (code, text.count("72x56 pixels")) == (0, 3)


@pytest.mark.parametrize("other", ["text", "a picture of another size"])
def test_a_file_that_is_no_result_is_not_taken_for_one(run, folder, tmp_path, other):
    out = tmp_path / "out"
    out.mkdir()
    if other == "text":
        (out / "a.png").write_text("precious")
    else:
        Image.new("RGB", (71, 56)).save(out / "a.png")
    before = (out / "a.png").read_bytes()
    code, _, err = run(folder, "-o", out)
    assert code == 1
    assert "a.png exists; --force" in err[0]
    assert err[1] == "2 upscaled, 1 not"
    assert (out / "a.png").read_bytes() == before


@pytest.mark.parametrize(
    ("number", "expected"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)]
)
def test_a_run_that_a_signal_ends_leaves_no_part(coffee, tmp_path, number, expected):
    Image.fromarray(coffee).resize((3000, 2000)).save(tmp_path / "in.png")
    number = getattr(signal, number)
    running = subprocess.Popen(
        [*MODULE, "upscale", "in.png", "-o", "out.png"], cwd=tmp_path, env=environment(),
        stderr=subprocess.PIPE, text=True,
        # nohup hands on an ignored SIGHUP, a shell's background job an ignored SIGINT
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob(".*.part")):
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(number)
    _, err = running.communicate(timeout=120)
    assert running.returncode == expected
    assert err == "error: interrupted; run the same command again to go on\n"
    assert names(tmp_path) == ["in.png"]


# ── Words ────────────────────────────────────────────────────────────────────────────────────


def test_sizes_are_in_words(photo, tmp_path, monkeypatch):
    usage = saving.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(saving.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"no space; this takes about 4\.84 kB, 1 kB are free"):
        save_image(tmp_path / "a.png", np.tile(photo, (4, 4, 1)))
