"""Training tiles and test pairs, cut and reduced from photographs by many processes."""
