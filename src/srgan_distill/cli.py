"""`srgan-distill`: one function per subcommand, each importing what it needs when it runs."""

import argparse
import json
import sys
from pathlib import Path

from .errors import exit_code


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    return exit_code(lambda: args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="srgan-distill", description="x4 super-resolution with distilled SRGAN students."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_score(commands)
    _add_compare(commands)
    _add_review(commands)
    return parser


def _add_score(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "score",
        help="score a folder of SR images against its HR folder",
        description="Score SR images against HR: Y of BT.601, 4 px border cropped, x4.",
    )
    command.add_argument("--sr", type=Path, required=True, metavar="DIR", help="SR images")
    command.add_argument("--hr", type=Path, required=True, metavar="DIR", help="HR images")
    command.add_argument(
        "--metrics", type=lambda text: text.split(","), default=["psnr", "ssim"], metavar="NAMES",
        help="of psnr, ssim, psnr_wrapped, piqe, niqe, nrqm, pi; default: psnr,ssim",
    )  # fmt: skip
    command.add_argument(
        "--weights", type=_weight, nargs="+", default=[], metavar="NAME=FILE",
        help="local parameter files of niqe and nrqm (pi takes both), instead of a download",
    )  # fmt: skip
    command.add_argument(
        "--json", action="store_true", help="print JSON; null is an infinite PSNR (equal images)"
    )
    command.set_defaults(run=score)


def _weight(text: str) -> tuple[str, Path]:
    name, separator, file = text.partition("=")
    if not (name and separator and file):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(file)


def score(args: argparse.Namespace) -> None:
    from .quality import scores

    table = scores.score_folders(args.sr, args.hr, args.metrics, dict(args.weights), progress=True)
    print(json.dumps(scores.as_json(table), indent=2) if args.json else scores.as_text(table))


def _add_compare(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "compare",
        help="one table across git commits and DVC experiments, seeds averaged",
        description="Compare the headlines of git revisions, DVC experiments and `workspace`.",
    )
    command.add_argument("revisions", nargs="+", metavar="REV", help="a commit or an experiment")
    command.add_argument("--profile", help="whose headline; default: the one all revisions ran")
    command.add_argument("--set", default="mean", help="a test set; default: mean, over all sets")
    command.add_argument(
        "--format", choices=("markdown", "csv", "terminal"), default="terminal",
        help="default: terminal",
    )  # fmt: skip
    command.set_defaults(run=compare)


def compare(args: argparse.Namespace) -> None:
    from .compare import as_text, comparison, read_runs

    runs = read_runs(args.revisions, args.profile)
    print(as_text(comparison(runs, args.set), args.format, args.set))


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
    from .review import review_markdown

    print(review_markdown(args.base, args.label or args.base))


if __name__ == "__main__":
    sys.exit(main())
