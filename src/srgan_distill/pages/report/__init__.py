"""The report: what a reviewer looks at, in one HTML page that opens anywhere."""
