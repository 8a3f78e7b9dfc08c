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


if __name__ == "__main__":
    sys.exit(main())
