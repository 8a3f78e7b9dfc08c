"""Stage claims: what the paper claims, our evidence for each claim, and whether it holds here."""

import json
import sys

import torch

from .errors import exit_code
from .layout import Layout
from .networks.generator import Generator, parameter_count
from .paper import model_names
from .params import load
from .quality.claims import CLAIMS, as_json, as_markdown, judge, judge_size
from .quality.intervals import CONFIDENCE
from .quality.results import read_scores


def run() -> None:
    """Write metrics/<profile>/claims/claims.md and claims.json, and print the page."""
    params = load()
    layout = Layout(params.profile)
    models = model_names(params.networks, params.train, params.strategies)
    scores = {model: read_scores(layout.scores(model)) for model in models}
    with torch.device("meta"):
        sizes = {
            name: parameter_count(Generator(network.filters, network.blocks))
            for name, network in params.networks.items()
        }
    findings = [*(judge(claim, scores) for claim in CLAIMS), judge_size(**sizes)]

    folder = layout.metrics / "claims"
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "profile": params.profile,
        "confidence": CONFIDENCE,
        "corrected_for_multiple_comparisons": False,
        "claims": as_json(findings),
    }
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "claims.json").write_text(text + "\n", encoding="utf-8")
    page = as_markdown(findings, params.profile)
    (folder / "claims.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    sys.exit(exit_code(run))
