"""Quality of SR images, by the standard protocol and by no-reference metrics."""
