"""Stage claims: what the paper claims, our evidence for each claim, and whether it holds here."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_json, write_text
from ..networks.cost import generator_sizes
from ..results.claims.page import as_document, as_markdown
from ..results.claims.rated import rated
from ..results.claims.statements import completed, with_equal_phases
from ..results.claims.verdicts import Evidence, judge_size
from ..results.reading import read_all_scores, read_opinions


def run() -> None:
    """Write metrics/<profile>/claims/claims.md and claims.json, and print the page."""
    params = load()
    paths = Paths(params.profile)
    strategies = params.strategies
    models = names(all_runs(params.pretrain, params.train, strategies))
    prune(paths, models)
    scores = read_all_scores(models, paths.scores)
    ratings = rated(read_opinions(paths.metrics("opinion", "opinions.csv")))
    evidence = Evidence(scores, ratings, strategies)
    findings = [evidence.judge(claim) for claim in completed(strategies)]
    beside = [
        evidence.judge(with_equal_phases(strategies)),
        judge_size(**generator_sizes(params.networks)),
    ]
    document = as_document(findings, beside, evidence.sets, params.profile)
    page = as_markdown(findings, beside, evidence.sets, params.profile)
    write_json(paths.metrics("claims", "claims.json"), document)
    write_text(paths.metrics("claims", "claims.md"), page)
    print(page)
