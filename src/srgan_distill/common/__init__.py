"""What every package knows: errors, params.yaml, which runs there are and where their files lie.

No figure depends on it but through the values of params.yaml, which DVC tracks by themselves. So no
stage has it as a dep, and it imports neither NumPy nor torch (tests/test_pipeline.py).
"""
