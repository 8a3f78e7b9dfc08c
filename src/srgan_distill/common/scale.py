"""The scale of the super-resolution: HR has SCALE times the width and height of LR."""

SCALE = 4
