"""Top-1 and Top-5 with the benchmark's tie rule."""

import numpy as np


def rank_of_label(scores, labels):
    """How many classes rank before the label, per image.

    Equal scores: the lower class index ranks first. Quantised models have 256
    score steps, so a rule left to a sort's whim would move their accuracy.
    """
    own = scores[np.arange(len(labels)), labels][:, None]
    lower = np.arange(scores.shape[1])[None, :] < labels[:, None]
    return ((scores > own) | ((scores == own) & lower)).sum(1)


def top(ranks, count):
    return float(np.mean(ranks < count))
