# SPDX-License-Identifier: GPL-2.0-only
"""The figures of cost.py as tables in Markdown, and into a page between its marks."""
import re

BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
# Those whose alone runs differ more than that are not told apart by a hundredth.
SPREAD = 0.05
# Probes that any tracer has at least; see floor.bpf.c.
FLOORS = {"empty": "an empty one", "clock": "reads the clock", "reserve": "reserves 128 bytes"}


def table(head, rows):
    rows = [list(map(str, row)) for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        return "| " + " | ".join(f"{c:<{w}}" for c, w in zip(cells, widths)) + " |"
    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, rows)])


def ratio(cell):
    low, high = cell["quartiles"]
    return f"{cell['ratio']:.3f} ({low:.2f}–{high:.2f})"


def number(value, form="{:.2f}"):
    return "–" if value is None else form.format(value)


def missing(cell):
    if not cell["happened"]:
        return "–"
    return f"{cell['missing']} of {cell['happened']}" if cell["missing"] else "0"


def about(result):
    m, load, s = result["machine"], result["load"], result["settings"]
    text = (f"{m['cpus']} CPUs ({m['model']}{', a virtual machine' if m['virtual'] else ''}), "
            f"{m['memory_gib']} GiB, {m['system']}, Linux {m['kernel']}. {s['pairs']} pairs, loops of "
            f"{s['seconds']:g} s, {s['minutes']:.0f} minutes in all. Before the run the CPUs were "
            f"{load['busy']:.0%} busy, {load['steal']:.0%} taken by the hypervisor, load average "
            f"{' '.join(load['loadavg'])}.")
    if result["noisy"]:
        text += ("\n\n**The machine was not quiet: differences of some hundredths mean nothing, and "
                 "neither do tails.**")
    spread = max((c["quartiles"][1] - c["quartiles"][0] for t in result["tracers"]
                  for c in t["workloads"].values()), default=0)
    if spread > SPREAD:
        text += f"\n\nThe widest gap between quartiles of one ratio is {spread:.2f}: see each."
    return text


def by_workload(result, figure):
    works = result["workloads"]
    rows = [[t["name"]] + [figure(t["workloads"][w["name"]]) if not t["broken"] else "no"
                           for w in works] for t in result["tracers"]]
    return table(["tracer", *(w["name"][2:] for w in works)], rows)


def of_tracers(result):
    rows = [[t["name"], t["version"] or "–", ", ".join(t["tells"]), number(t["peak_mib"], "{:.0f}"),
             number(t["wakeups_per_s"])] for t in result["tracers"]]
    text = table(["tracer", "version", "tells of", "peak MiB", "wake-ups/s, idle"], rows)
    for t in result["tracers"]:
        if t["broken"]:
            text += f"\n\n{t['name']} does not run here: {t['broken']}."
    return text


def tables(result):
    storm, idle = result["storm"], result["idle"]
    works = "\n".join(f"* `{w['name'][2:]}`: {w['what']}" for w in result["workloads"])
    probes = table(["program", "brood's", *FLOORS.values()],
                   [[name, *(number(ns.get(which), "{:.0f}") for which in ("brood", *FLOORS))]
                    for name, ns in result["probes_ns"].items()])
    return f"""{about(result)}

Time with the tracer over time without, median of the pairs (quartiles):

{by_workload(result, ratio)}

{works}

CPU time of the tracer in µs for each event that happened and that it can tell of:

{by_workload(result, lambda c: number(c["cpu_us_per_event"]))}

Events that happened in all traced runs and are not in the tracer's output:

{by_workload(result, missing)}

The tracers, their memory, and how often they wake on a machine where nothing happens
({idle["seconds"]:g} s, {idle["forks_of_others"]} forks by others meanwhile):

{of_tracers(result)}

A fork storm of two processes for {storm["seconds"]:.0f} s, `brood record` with its usual buffer:
{storm["forks_per_s"]:.0f} forks/s, {storm["happened"]} forks and exits, {storm["missing"]} missing,
{storm["cpu_us_per_event"]:.2f} µs of brood's CPU an event, {storm["peak_mib"]:.0f} MiB.

A run of each program in the kernel in ns, by its own accounting, which costs some of it; and of
programs that do nothing else at that place, each alone:

{probes}
"""


def put_into(page, text):
    with open(page, encoding="utf-8") as f:
        before = f.read()
    after = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END),
                   lambda _: f"{BEGIN}\n\n{text}\n{END}", before, count=1, flags=re.S)
    with open(page, "w", encoding="utf-8") as f:
        f.write(after)
