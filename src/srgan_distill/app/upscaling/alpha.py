"""Colours under transparency: what nobody sees must not show after all."""

import numpy as np


def spread(pixels: np.ndarray) -> np.ndarray:
    """Give each transparent pixel the colour of the nearest visible one.

    Editors leave any colour there, mostly black. A network that reads it draws it as a rim around
    what is visible.

    Args:
        pixels: uint8 or uint16, [height, width, channels], alpha last where there are 2 or 4.

    Returns:
        The same, or a copy where there are transparent pixels and visible ones.
    """
    if pixels.shape[2] in (1, 3):
        return pixels
    hidden = pixels[..., -1] == 0
    if not hidden.any() or hidden.all():
        return pixels
    import cv2

    # Each visible pixel is a label of its own, and each hidden one has that of its nearest.
    _, labels = cv2.distanceTransformWithLabels(
        hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    visible = np.flatnonzero(~hidden)
    place = np.empty(len(visible) + 1, np.int64)
    place[labels.ravel()[visible]] = visible
    colours = pixels.reshape(-1, pixels.shape[2])
    result = colours.copy()
    result[hidden.ravel(), :-1] = colours[place[labels[hidden]], :-1]
    return result.reshape(pixels.shape)
