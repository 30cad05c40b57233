"""Benchmarks/report: Markdown from a document of readings."""

import argparse
import json
import pathlib
import sys
import textwrap

from . import goals, tables

BEGIN, END = "<!-- readings: begin -->", "<!-- readings: end -->"


def main(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     prog="Benchmarks/report")
    parser.add_argument("readings", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path)
    options = parser.parse_args()
    made = of(json.loads(options.readings.read_text()))
    if not options.into:
        print(made, end="")
        return 0
    before, begin, rest = options.into.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        print(f"report: {options.into} lacks the marks {BEGIN} and {END}", file=sys.stderr)
        return 1
    options.into.write_text(f"{before}{BEGIN}\n\n{made}\n{END}{after}")
    return 0


def of(document):
    parts = [setting(document)]
    parts += [table.markdown() for table in goals.tables(document) + tables.of(document)]
    if document["failures"]:
        rows = [(one["scenario"], one["peer"], one["reason"].splitlines()[0]) for one in document["failures"]]
        parts.append(tables.Table("Readings that could not be taken", ("scenario", "peer", "why"), rows).markdown())
    return "\n".join(parts)


def setting(document):
    options = document["options"]
    turns = f"{options['rounds']} rounds ({options['rounds_of_others']} of Envoy and Apache) of {options['seconds']} s"
    return setting_of(document["machine"], turns)


def setting_of(machine, turns):
    return textwrap.fill(
        f"Read on {machine['date'][:10]} at `{machine['commit']}`: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_mib'] / 1024:.0f} GiB, {machine['system']}, Linux {machine['kernel']} "
        f"({machine['architecture']}), {machine['openssl']}, wrk {machine['wrk']}; load average at the start "
        f"{machine['load_average']:.2f}. {turns}; medians, and ratios as medians of the rounds' ratios.", 118,
        break_on_hyphens=False,
    ) + "\n"
