"""Runs `differ` on Linux and on Pagoda, compares the lines, and shortens what disagrees."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from pagodalib import reference_linux  # noqa: E402 (found by the line above)

LIMIT = 60  # seconds for one program, on either system
BATCH = 60  # programs in one boot of Linux
LINUX_ARGUMENTS = (f"LIMIT={LIMIT}",)
STEP = re.compile(r"^(\d+) ")


@dataclass(frozen=True)
class Case:
    """One program: a seed, how many steps, those that are left out."""

    seed: int
    steps: int
    skipped: frozenset = field(default=frozenset())
    only: str = ""

    def words(self):
        words = ["/bin/differ", str(self.seed), str(self.steps)]
        if self.skipped:
            words += ["--skip", spans(self.skipped)]
        if self.only:
            words += ["--only", self.only]
        return words

    def kept(self):
        return [step for step in range(self.steps) if step not in self.skipped]

    def keeping(self, steps):
        """The same with these steps alone."""
        last = max(steps, default=-1) + 1
        skipped = frozenset(range(last)) - frozenset(steps)
        return Case(self.seed, last, skipped, self.only)


def spans(numbers):
    """{1, 2, 3, 7} as "1-3,7"."""
    found = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


# ---- the two systems ----


def on_linux(cases):
    """For each case the lines and how it ended."""
    results = []
    for at in range(0, len(cases), BATCH):
        part = cases[at : at + BATCH]
        boot = reference_linux.Boot(timeout=60 + LIMIT * len(part), append=LINUX_ARGUMENTS)
        for ended in reference_linux.run([case.words() for case in part], boot):
            results.append([*ended.output.splitlines(), f"status {ended.status}"])
    return results


def pagoda_words(case):
    return ["tools/pagoda", "run", "--timeout", str(LIMIT), "--memory", "512M", "--seed",
            str(case.seed), "--", *case.words()]  # fmt: skip


def one_on_pagoda(case):
    done = subprocess.run(
        pagoda_words(case), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=LIMIT + 60, text=True, errors="replace",
    )  # fmt: skip
    return [*done.stdout.splitlines(), f"status {done.returncode}"], done.stderr


def on_pagoda(cases):
    with ThreadPoolExecutor(2) as pool:
        return [lines for lines, _ in pool.map(one_on_pagoda, cases)]


# ---- exceptions ----


@dataclass(frozen=True)
class Exception_:
    """Lines that may differ, and why. Both patterns must match the whole line; {1}, {2}, … in
    the second are what the groups of the first matched."""

    linux: str
    pagoda: str
    why: str

    def excuses(self, linux, pagoda):
        found = re.fullmatch(self.linux, linux)
        if not found:
            return False
        pattern = self.pagoda
        for number, text in enumerate(found.groups(default=""), 1):
            pattern = pattern.replace("{%d}" % number, re.escape(text))
        return bool(re.fullmatch(pattern, pagoda))


def load_exceptions(path=HERE / "exceptions"):
    """Paragraphs of `why:`, `linux:` and `pagoda:` lines; a `why` may go on, indented."""
    found = []
    for paragraph in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        text = re.sub(r"\n\s+", " ", "\n".join(lines))
        fields = dict(line.split(": ", 1) for line in text.splitlines())
        if fields:
            if set(fields) != {"why", "linux", "pagoda"} or not fields["why"].strip():
                raise ValueError(f"exceptions: needs why, linux and pagoda: {paragraph}")
            found.append(Exception_(fields["linux"], fields["pagoda"], fields["why"]))
    return found


# ---- comparing ----


@dataclass
class Difference:
    """Where two outputs part: the number of the step, both lines."""

    step: int | None
    linux: str
    pagoda: str


def compare(linux, pagoda, exceptions=()):
    """The first Difference of two lists of lines that no exception excuses, or None."""
    step = None
    for number in range(max(len(linux), len(pagoda))):
        ours = pagoda[number] if number < len(pagoda) else ""
        theirs = linux[number] if number < len(linux) else ""
        begun = STEP.match(theirs) or STEP.match(ours)
        step = int(begun[1]) if begun else step
        if ours != theirs and not any(one.excuses(theirs, ours) for one in exceptions):
            return Difference(step, theirs, ours)
    return None


# ---- shortening ----


def shrink(case, differences, say=lambda text: None):
    """The shortest case found that still disagrees. `differences` gives, for a list of cases,
    the Difference or None of each.

    Delta debugging (Zeller, Hildebrandt 2002), without the half that tries subsets: all
    cases of one round run in one boot of Linux.
    """
    first = differences([case])[0]
    if first is None:
        return case
    steps = case.kept()
    if first.step is not None:
        shorter = case.keeping([step for step in steps if step <= first.step])
        if differences([shorter])[0]:
            case, steps = shorter, shorter.kept()
    parts = 2
    while len(steps) > 1:
        size = -(-len(steps) // parts)
        chunks = [steps[at : at + size] for at in range(0, len(steps), size)]
        tries = [case.keeping([step for step in steps if step not in chunk]) for chunk in chunks]
        tries = [one for one in tries if one.kept()]
        wrong = [one for one, found in zip(tries, differences(tries), strict=True) if found]
        say(f"  {len(steps)} steps: {len(wrong)} of {len(tries)} shorter ones disagree too")
        if wrong:
            case = min(wrong, key=lambda one: len(one.kept()))
            steps = case.kept()
            parts = max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(steps))
    return case


def repeat(case):
    """Commands that show a case on each system."""
    words = " ".join(case.words())
    return (f"tools/pagoda run --memory 512M --seed {case.seed} -- {words}\n"
            f"tools/pagoda linux --append {LINUX_ARGUMENTS[0]} -- {words}")  # fmt: skip
