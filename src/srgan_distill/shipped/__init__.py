"""The trained generators that ship with the package; README.md is their model card."""
