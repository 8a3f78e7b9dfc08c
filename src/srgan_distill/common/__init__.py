"""What every package knows: errors, params.yaml, which runs there are and where their files lie.

It computes no figure. What figures have of it are the values of params.yaml, which DVC tracks by
themselves, and names: of runs, of metrics with their decimals and directions, of files. So no stage
has it as a dep: after another name or number of decimals, `dvc repro --force` the tables. It
imports neither NumPy nor torch (tests/test_pipeline.py).
"""
