"""What cannot be had from one place, so that the next is tried and all of it told at the end."""


class Unavailable(Exception):
    """A file or data set cannot be had from somewhere; says why in a few words."""
