"""Two pages that open from disk, offline: the report and the rating page."""
