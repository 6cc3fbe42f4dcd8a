"""The tables of scripts/measure/modes.py, and what is known of differences."""

import statistics

# By how much a figure may differ from its peer's without a reason.
WITHIN = 0.05
LEAST_IN_TIME = 0.99
C_LOOP = "loop in C"
C_LOAD = "the same calls in C"
# The options of OpenVINO without pinned threads.
LOOSE = "loose"


def ms(us):
    return f"{float(us) / 1e3:.3g}" if us else ""


def interval(row, name, show):
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return show(row[name]) + (f" [{show(low)}, {show(high)}]" if low else "")


def latency(row):
    low, high = row["latency_p50_low_us"], row["latency_p50_high_us"]
    return ms(row["latency_p50_us"]) + (f" [{ms(low)}, {ms(high)}]" if low else "")


def number(text):
    return f"{float(text):.3g}" if text else ""


def percent(text):
    return f"{100 * float(text):.1f}%" if text not in ("", None) else ""


def scenario(row):
    if row["streams"]:
        name = f"{row['streams']} stream" + ("s" if row["streams"] != "1" else "")
    elif row["rate_per_s"]:
        name = f"{float(row['rate_per_s']):g} per second"
    elif row["scenario"] == "cache_miss":
        name = "warm start, cache empty"
    else:
        name = row["scenario"].replace("_", " ")
        name += ", cache filled" if row["cache"] == "hit" else ""
    if row["status"] == "ok":
        return name
    return f"{name}: {row['status']}: {(row['error'] or '').replace('|', '/')}"


def peer(row):
    if "peer" not in row:
        return ["", "", ""]
    is_rate = row["scenario"] == "streams"
    value = number(row["peer_value"]) + "/s" if is_rate else ms(row["peer_value"]) + " ms"
    return [row["peer"], value, f"{row['ratio']:.3f}"]


def print_table(titles, rows, cells):
    print("| " + " | ".join(titles) + " |")
    print("|" + "|".join("---" if title in TEXTS else "--:" for title in titles) + "|")
    for row in rows:
        print("| " + " | ".join(cells(row)) + " |")
    print()


TEXTS = ("case", "scenario", "parts, ms", "peer")


def print_scenarios(rows):
    titles = ["case", "scenario", "p50 ms", "p99 ms", "over back to back", "per second", "in time"]
    titles += ["missed", "peer", "peer's figure", "ratio"]

    def cells(row):
        return [
            row["case"],
            scenario(row),
            latency(row),
            ms(row["latency_p99_us"]),
            interval(row, "over_back_to_back", number),
            number(row["throughput_per_s"]),
            percent(row["started_in_time"]),
            percent(row["deadline_misses"]),
            *peer(row),
        ]

    print_table(titles, [row for row in rows if row["scenario"] != "end_to_end"], cells)
    photos = [row for row in rows if row["scenario"] == "end_to_end"]
    names = ["decode", "prepare", "write", "invoke", "read", "rank"]

    def parts(row):
        return [row["case"], latency(row), *(ms(row[f"{name}_p50_us"]) for name in names)]

    if photos:
        print_table(["case", "end to end, p50 ms", *names], photos, parts)


def median_of(rows, title):
    values = [float(row[title]) for row in rows if row.get(title) not in ("", None)]
    return statistics.median(values) if values else ""


def print_starts(blocks):
    """Medians over the blocks."""
    titles = ["case", "scenario", "p50 ms", "open", "load", "first run", "cache", "peer"]
    titles += ["its load", "ratio", "least .. most", "in C", "ratio", "least .. most"]

    def cells(rows):
        row, size = rows[0], float(rows[0]["cache_bytes"] or 0)
        value, in_c = median_of(rows, "peer_value"), median_of(rows, "load_in_c")
        return [
            row["case"],
            scenario(row),
            ms(median_of(rows, "latency_p50_us")),
            *(ms(median_of(rows, f"{part}_p50_us")) for part in ("open", "load", "first")),
            f"{size / 1e6:.2f} MB" if size else "",
            row.get("peer", ""),
            f"{ms(value)} ms" if value else "",
            *spread([row["ratio"] for row in rows if "ratio" in row]),
            f"{ms(in_c)} ms" if in_c else "",
            *spread(ratios_in_c(rows)),
        ]

    print_table(titles, blocks, cells)


def spread(ratios):
    """The median and the range of ratios, if there are any."""
    if not ratios:
        return ["", ""]
    return [f"{statistics.median(ratios):.3f}", f"{min(ratios):.2f} .. {max(ratios):.2f}"]


def ratios_in_c(rows):
    """How long each block's loads took, over those in C."""
    return [float(row["load_p50_us"]) / row["load_in_c"] for row in rows if row.get("load_in_c")]


def reason(row, rows):
    """What was measured to be the cause of a difference, where something was."""
    extra = float(row["peer_value"]) - float(row["latency_p50_us"] or 0)
    if row["peer"] == "loop in Python" and row["rate_per_s"]:
        of_c = [it["ratio"] for it in rows if it.get("peer") == C_LOOP and it["rate_per_s"]]
        if of_c:
            near = f"{min(of_c):.3f} to {max(of_c):.3f} of a loop in C"
            return f": {extra:.0f} us of Python's own, cold after a pause; TensorFlow Lite's figures are {near}"
    if row.get("peer_outside") and row["peer_outside"] > 0.005:
        return f": {100 * row['peer_outside']:.1f}% of the peer's time lies between its runs"
    if row["backend"] == "openvino" and row["streams"] not in ("", "1"):
        same = [it for it in rows if f"+{LOOSE}" in it["case"] and it["streams"] == row["streams"]]
        if same and f"+{LOOSE}" not in row["case"] and "ratio" in same[0]:
            return (
                ": OpenVINO keeps the threads of each process on the same CPU; with "
                f"ENABLE_CPU_PINNING=false it is {same[0]['ratio']:.3f}"
            )
    low, high = row["latency_p50_low_us"], row["latency_p50_high_us"]
    if low and float(high) / float(low) > 1 + 2 * WITHIN:
        return f": the median itself is known to {100 * (float(high) / float(low) - 1) / 2:.0f}% only"
    return ""


def reason_of_starts(rows):
    in_c = ratios_in_c(rows)
    if rows[0].get("peer") == C_LOAD:
        return ": the crate edgefirst-tflite reads the file into memory, which C maps"
    return f": {statistics.median(in_c):.3f} of {C_LOAD}" if in_c else ""


def print_summary(rows, blocks):
    """The share of runs that started in time; whether it is as large as the machine allows."""
    paced = [row for row in rows if row["started_in_time"]]
    runs = sum(int(row["runs"]) for row in paced)
    share, allowed = 0.0, {}
    if paced:
        share = sum(float(row["started_in_time"]) * int(row["runs"]) for row in paced) / runs
        for row in paced:
            if row.get("peer_in_time") is not None:
                allowed.setdefault(row["peer"], []).append(row["peer_in_time"])
        peers = [f"{percent(statistics.mean(them))} of those of a {it}" for it, them in allowed.items()]
        beside = f" ({', '.join(peers)}, which only sleeps in between)" if peers else ""
        print(f"{percent(share)} of {runs} paced runs started within 200 us of their time{beside}.\n")
    ratios = [(row, row["ratio"], reason(row, rows)) for row in rows if "ratio" in row]
    for them in blocks:
        of_block = [row["ratio"] for row in them if "ratio" in row]
        if of_block:
            ratios.append((them[0], statistics.median(of_block), reason_of_starts(them)))
    off = [it for it in ratios if abs(it[1] - 1) > WITHIN]
    print(f"{len(ratios) - len(off)} of {len(ratios)} figures are within 5% of the peer's", end="")
    print(":\n" if off else ".\n")
    for row, ratio, why in off:
        print(f"- {row['case']}, {scenario(row)}: {ratio:.3f}{why}")
    in_c = statistics.mean(allowed[C_LOOP]) if C_LOOP in allowed else None
    return not paced or share >= LEAST_IN_TIME or (in_c is not None and share >= in_c - 0.02)
