"""`srgan-distill`: one function per subcommand, each importing what it needs when it runs."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..common.errors import Terminated, UserError, exit_code
from ..common.metrics import METRICS, WEIGHT_FILES
from ..shipped.models import DEFAULT, names
from .output import complain


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    with _stopped_as_by_ctrl_c():
        return exit_code(lambda: _run(args), args.interrupted, args.less_memory)


def _run(args: argparse.Namespace) -> int | None:
    """The command; what the system refuses it (rights, a folder's place) in one line."""
    try:
        return args.run(args)
    except BrokenPipeError:
        raise
    except OSError as error:
        if not error.errno:
            raise
        place = f"{error.filename}: " if error.filename else ""
        raise UserError(f"{place}{error.strerror}") from None


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: with no part of a file left."""

    def stop(number: int, _frame: object) -> None:
        raise Terminated(number)

    def is_ours(number: int) -> bool:
        return signal.getsignal(number) == signal.SIG_DFL  # and not ignored, as by nohup

    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ends = [number for number in ends if is_ours(number)]
    if threading.current_thread() is not threading.main_thread():
        ends = []
    for number in ends:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_DFL)


def parser() -> argparse.ArgumentParser:
    """What every command takes."""
    program = argparse.ArgumentParser(
        prog="srgan-distill", description="x4 super-resolution with distilled SRGAN students."
    )
    program.set_defaults(
        interrupted="run the same command again", less_memory="take smaller or fewer images"
    )
    commands = program.add_subparsers(required=True, metavar="COMMAND")
    _add_upscale(commands)
    _add_score(commands)
    _add_rate(commands)
    _add_compare(commands)
    _add_claims(commands)
    _add_review(commands)
    return program


def _add_upscale(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "upscale",
        help="enlarge photographs to four times their width and height",
        description="Enlarge photographs x4: PNG, JPEG, WebP, TIFF and BMP (HEIC and AVIF where "
        "Pillow or the package pillow-heif reads them), 8 or 16 bits a colour, alpha, turned "
        "upright. Colour profile, EXIF data, XMP and resolution are kept where the result's format "
        "has a place for them: PNG, JPEG and TIFF for all, WebP for all but the resolution, BMP "
        "for the resolution alone. PNG alone keeps gamma, primaries and texts, JPEG and TIFF "
        "Photoshop and IPTC data, JPEG and PNG a comment. What is not kept is said in the line of "
        "the photograph. CMYK becomes sRGB. Exit code 1: at least one could not be upscaled; the "
        "others are.",
    )
    command.add_argument(
        "inputs", type=Path, nargs="+", metavar="PHOTO_OR_FOLDER",
        help="image files, and folders whose own images are meant; what else a folder holds is "
        "counted",
    )  # fmt: skip
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT",
        help="a file, whose suffix names the format; or a folder, for results under the names of "
        "their photographs (.png for those of a kind that cannot be written): one that exists, or "
        "any name without the suffix of an image; results that are there are left, so that an "
        "interrupted run goes on",
    )  # fmt: skip
    command.add_argument(
        "--model", default=DEFAULT, metavar="FILE_OR_NAME",
        help=f"a generator.safetensors of the pipeline, or a shipped model "
        f"({', '.join(names())}); default: {DEFAULT}",
    )  # fmt: skip
    command.add_argument(
        "--tile", type=_count, metavar="N",
        help="work on squares of N pixels, for less memory or more speed; default: by the memory",
    )  # fmt: skip
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: auto"
    )
    command.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32",
        help="bfloat16: faster on a GPU or a CPU with AMX, one value in a hundred off by two to "
        "six grey levels; default: float32",
    )  # fmt: skip
    command.add_argument(
        "--quality", type=_percent, default=95, metavar="1..100",
        help="of JPEG and WebP; default: 95",
    )  # fmt: skip
    command.add_argument(
        "--force", action="store_true",
        help="replace files that exist, but never a photograph of the same command",
    )  # fmt: skip
    command.set_defaults(
        run=upscale, interrupted="run the same command again to go on", less_memory="lower --tile"
    )


def _add_score(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "score",
        help="score a folder of SR images against its HR folder",
        description="Score SR images against HR: Y of BT.601, 4 px border cropped, x4. Images are "
        "turned upright and compared as 8-bit RGB: 16 bits are rounded, grey is repeated, CMYK "
        "becomes sRGB; transparency and values of more than 16 bits are refused. An SR image has "
        "the name of its HR image, or one with a common part (baby_RCAN_x4 and baby_HR_x4, or "
        "baby).",
    )
    command.add_argument("--sr", type=Path, required=True, metavar="DIR", help="SR images")
    command.add_argument("--hr", type=Path, required=True, metavar="DIR", help="HR images")
    for side in ("sr", "hr"):
        command.add_argument(
            f"--{side}-suffix", default="", metavar="TEXT",
            help=f"what all {side.upper()} names have behind the common part, before their suffix",
        )  # fmt: skip
    command.add_argument(
        "--verbose", action="store_true", help="say on stderr which images are compared"
    )
    command.add_argument(
        "--metrics", type=_names, default=["psnr", "ssim"], metavar="NAMES",
        help=f"of {', '.join(METRICS)}; default: psnr,ssim",
    )  # fmt: skip
    command.add_argument(
        "--weights", type=_weight, nargs="+", action="extend", default=[], metavar="NAME=FILE",
        help=f"local parameter files instead of a download, of {', '.join(WEIGHT_FILES)}; pi takes "
        "niqe and nrqm, lpips takes lpips and alexnet, dists takes dists and vgg16",
    )  # fmt: skip
    command.add_argument(
        "--json", action="store_true", help="print JSON; null is an infinite PSNR (equal images)"
    )
    command.set_defaults(run=score)


def _add_rate(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "rate",
        help="make a page on which people rate the results, blind",
        description="Make a folder with a page, to be opened in a browser, on which a rater scores "
        "the evaluated results and the ground truth from 1 to 5, blind and in random order. The "
        "CSV that it saves belongs in data/ratings/, where stage opinion makes DMOS of it: lower "
        "is better, 100 - DMOS is the paper's reading.",
    )
    command.add_argument("--profile", help="whose results; default: the one of params.yaml")
    command.add_argument(
        "--images", type=_count, default=10, metavar="N",
        help="how many test images, chosen by the seed; default: 10",
    )  # fmt: skip
    command.add_argument("--seed", type=int, default=0, help="of the choice; default: 0")
    command.add_argument(
        "--methods", type=_names, metavar="NAMES",
        help="evaluated models beside the ground truth; default: the paper's, of those that "
        "params.yaml has (gan2gan,gan2g,gan2g_al,g2g_al)",
    )  # fmt: skip
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="a new folder"
    )
    command.set_defaults(run=rate)


def _names(text: str) -> list[str]:
    return text.split(",")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _percent(text: str) -> int:
    if _count(text) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 1 to 100")
    return int(text)


def _weight(text: str) -> tuple[str, Path]:
    name, separator, file = text.partition("=")
    if not (name and separator and file):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(file)


def upscale(args: argparse.Namespace) -> int:
    from .upscaling.command import Options, upscale_files
    from .upscaling.model import load_model

    model = load_model(args.model, args.device, args.precision)
    options = Options(args.tile, args.quality, args.force)
    count = upscale_files(model, args.inputs, args.output, options)
    if count.failed:
        print(count, file=sys.stderr)
    return 1 if count.failed else 0


def score(args: argparse.Namespace) -> None:
    from ..scoring import scores

    pairs = scores.find_pairs(args.sr, args.hr, args.sr_suffix, args.hr_suffix)
    if args.verbose:
        for sr, hr in pairs:
            complain(f"{sr} against {hr}", kind="pair")
    table = scores.score_pairs(pairs, args.metrics, dict(args.weights), progress=True)
    print(json.dumps(scores.as_json(table), indent=2) if args.json else scores.as_text(table))


def rate(args: argparse.Namespace) -> None:
    from ..common.params import load
    from ..pages.rating.session import build, paper_methods

    params = load()
    profile = args.profile or params.profile
    rated = [name for name in paper_methods() if name in params.strategies]
    methods = args.methods or rated or list(params.strategies)
    session = build(params, profile, args.images, args.seed, methods, args.output)
    images = len(session.images)
    if images < args.images:
        print(f"profile {profile} has {images} test images, fewer than {args.images}: all are used")
    print(f"{images} images, each by {', '.join(session.methods)} and as its ground truth")
    print(f"give {session.page.parent} to the raters; they open {session.page.name} in a browser")
    print("the CSVs that they hand in belong in data/ratings/; `dvc repro` reads them")


def _add_compare(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "compare",
        help="one table across git commits and DVC experiments, seeds averaged",
        description="Compare the headlines of git revisions, DVC experiments and `workspace`.",
    )
    command.add_argument("--profile", help="whose headline; default: the one all revisions ran")
    command.add_argument("--set", default="mean", help="a test set; default: mean, over all sets")
    _add_revisions(command)
    command.set_defaults(run=compare)


def compare(args: argparse.Namespace) -> None:
    from ..experiments.compare import as_text, comparison, read_results
    from ..experiments.history import experiments

    results = read_results(args.revisions or experiments(), args.profile)
    print(as_text(comparison(results, args.set), args.format, args.set))


def _add_claims(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "claims",
        help="the paper's claims over runs that differ in seeds alone",
        description="What holds, or fails, with every seed, of git revisions, DVC experiments and "
        "`workspace`; and the differences behind it, with their spread.",
    )
    _add_revisions(command)
    command.set_defaults(run=claims)


def claims(args: argparse.Namespace) -> None:
    from ..experiments.claims import as_text, read_claims
    from ..experiments.history import experiments

    print(as_text(read_claims(args.revisions or experiments()), args.format))


def _add_revisions(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "revisions", nargs="*", metavar="REV",
        help="a commit or an experiment; default: all experiments of the last commit",
    )  # fmt: skip
    command.add_argument(
        "--format", choices=("markdown", "csv", "terminal"), default="terminal",
        help="default: terminal",
    )  # fmt: skip


def _add_review(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "review",
        help="what changed against a base revision, as Markdown for a pull request",
        description="Parameters and figures that differ between a base revision and here.",
    )
    command.add_argument("--base", required=True, metavar="REV", help="such as main")
    command.add_argument("--label", metavar="NAME", help="how to call the base; default: REV")
    command.set_defaults(run=review)


def review(args: argparse.Namespace) -> None:
    from ..experiments.review import review_markdown

    print(review_markdown(args.base, args.label or args.base))


if __name__ == "__main__":
    sys.exit(main())
