"""Called by scripts/measure/agreement: how often healthy cases would be flagged as wrong, from the
results.csv of a run on photos. Exit code 1 if one is flagged on all of them.

Of N photos on which a case was compared, K had the reference's best class. A run on n of them finds
k with the hypergeometric probability, and is flagged if the upper end of the 95% Wilson interval of
k of n is below 0.9 (docs/delegates.md)."""

import csv
import math
import sys
import time

Z = 1.959963984540054
LEAST = 0.9
SIZES = (16, 50, 100)


def wilson_high(k, n):
    share, z2 = k / n, Z * Z
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (share + z2 / (2 * n) + half) / (1 + z2 / n)


def flagged_of(agreeing, photos, size):
    """The share of all choices of `size` photos on which the case is flagged."""
    flagged = sum(math.comb(agreeing, k) * math.comb(photos - agreeing, size - k)
                  for k in range(size + 1) if wilson_high(k, size) < LEAST)
    return flagged / math.comb(photos, size)


def percent(share):
    return "0" if share == 0 else f"{100 * share:.2f}%" if share >= 5e-5 else "< 0.01%"


def main(path):
    titles = "".join(f" flagged on {size} |" for size in SIZES)
    print(f"| model | case | photos | same best class | cosine |{titles} on all |")
    print("|---|---|--:|--:|--:|" + "--:|" * (len(SIZES) + 1))
    wrong = False
    for row in csv.DictReader(open(path, newline="")):
        is_reference = row["backend"] in ("tflite", "tflitec") and row["delegate"] == "none"
        if not row["agreement_top1"] or is_reference:
            continue
        photos = int(row["agreement_inputs"])
        agreeing = round(float(row["agreement_top1"]) * photos)
        on_all = wilson_high(agreeing, photos) < LEAST
        wrong |= on_all
        cells = [percent(flagged_of(agreeing, photos, size)) for size in SIZES if size <= photos]
        print(f"| {row['model']} | {row['backend']}/{row['delegate']} | {photos} | "
              f"{100 * agreeing / photos:.1f}% | {float(row['cosine']):.4f} | {' | '.join(cells)} | "
              f"{'yes' if on_all else 'no'} |")
    print(f"\n{time.strftime('%F')}.")
    sys.exit(wrong)


main(sys.argv[1])
