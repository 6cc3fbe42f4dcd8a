"""Which pictures the filters are tried on, and at which sizes."""

from common import PICTURES

# Up, down, both at once, one side kept, sides of one pixel: (width, height).
CASES = [
    ("texture.png", [(7, 5), (16, 16), (24, 24), (64, 11), (13, 48), (97, 70)]),
    ("wide.png", [(7, 5), (16, 16), (24, 24)]),
    ("tall.png", [(7, 5), (16, 16), (24, 24)]),
    ("row.png", [(7, 5), (16, 16)]),
    ("column.png", [(7, 5), (16, 16)]),
    ("pixel.png", [(7, 5)]),
    ("small.png", [(5, 7), (16, 16), (24, 24), (1, 1)]),
]


def each():
    for name, sizes in CASES:
        for size in sizes:
            yield PICTURES / name, size
