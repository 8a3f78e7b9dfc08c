"""Data sets and weights: where they come from, and how they are fetched."""
