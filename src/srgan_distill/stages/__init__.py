"""One module a stage of dvc.yaml, of the same name; `python src/stage.py STAGE` calls its `run`."""
