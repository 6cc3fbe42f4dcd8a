"""Writes the dataset's licence, from the Debian package's copyright file."""

import argparse
import re
from pathlib import Path

_COPYRIGHT = Path("usr/share/doc/dataset-fashion-mnist/copyright")


def text(copyright_file):
    """Upstream's copyright line and the licence in full, without the file's markup."""
    found = re.search(
        r"^Files: \*\nCopyright: (?P<holder>.+)\nLicense: Expat$", copyright_file, re.M
    )
    _, _, body = copyright_file.rpartition("License: Expat\n")
    if not found or "Permission is hereby granted" not in body:
        raise ValueError("the package's copyright file is not laid out as expected")
    lines = (line.strip() for line in body.strip("\n").splitlines())
    paragraphs = "\n".join("" if line == "." else line for line in lines)
    return (
        "Fashion-MNIST, of which validation/ is a part and on which the models were\n"
        "trained, is distributed under the MIT (Expat) licence:\n\n"
        f"Copyright {found['holder']}\n\n{paragraphs}\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="the family's folder")
    options = parser.parse_args()
    source = (options.work / "dataset" / _COPYRIGHT).read_text()
    (options.models / "LICENSE-DATA").write_text(text(source))


if __name__ == "__main__":
    main()
