"""What was sampled, over time, as a picture drawn by gnuplot."""

import subprocess

from support.processes import program

COMMANDS = """
set terminal svg size 1000,900 background "white"
set output "{picture}"
set datafile missing "nan"
set multiplot layout 4,1
set lmargin 10
set xrange [0:{end}]
set key bottom right
{events}
set yrange [0:*]
plot "{data}" using 1:2 with lines title "answers a second"
plot "{data}" using 1:3 with lines title "resident memory, MiB"
plot "{data}" using 1:4 with lines title "open descriptors"
set logscale y
set yrange [*:*]
set xlabel "seconds; a line for each rotation and each restart of the application"
plot "{data}" using 1:5 with lines title "a lone caller waits, ms: p50", "{data}" using 1:6 with lines title "p99"
"""


def draw(samples, events, picture):
    """The picture, from a table beside it."""
    data = picture.with_suffix(".tsv")
    earlier = [{"seconds": 0, "answers": 0}, *samples]
    with open(data, "w") as file:
        for before, sample in zip(earlier, samples):
            rate = (sample["answers"] - before["answers"]) / max(sample["seconds"] - before["seconds"], 0.001)
            row = [sample["seconds"], rate, sample["rss_kib"] / 1024, sample["descriptors"],
                   sample.get("p50_ms", "nan"), sample.get("p99_ms", "nan")]
            file.write("\t".join(map(str, row)) + "\n")
    lines = "\n".join(f"set arrow from {when:.2f}, graph 0 to {when:.2f}, graph 1 nohead lc 'grey80'"
                      for when, _ in events)
    end = samples[-1]["seconds"] if samples else 1
    commands = COMMANDS.format(picture=picture, data=data, events=lines, end=end)
    subprocess.run([program("gnuplot")], input=commands, text=True, check=True)
