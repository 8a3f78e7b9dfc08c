"""The parts of the HTML report: one file that looks the same anywhere and loads nothing."""
