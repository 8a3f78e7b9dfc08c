"""Stage claims: what the paper claims, our evidence for each claim, and whether it holds here."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_json, write_text
from ..networks.cost import generator_sizes
from ..results.claims import CLAIMS, as_document, as_markdown, judge, judge_size
from ..results.reading import read_all_scores


def run() -> None:
    """Write metrics/<profile>/claims/claims.md and claims.json, and print the page."""
    params = load()
    paths = Paths(params.profile)
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    prune(paths, models)
    scores = read_all_scores(models, paths.scores)
    sizes = generator_sizes(params.networks)
    findings = [*(judge(claim, scores) for claim in CLAIMS), judge_size(**sizes)]
    write_json(paths.metrics("claims", "claims.json"), as_document(findings, params.profile))
    page = as_markdown(findings, params.profile)
    write_text(paths.metrics("claims", "claims.md"), page)
    print(page)
