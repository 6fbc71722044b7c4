"""`pagoda lint`: the rules of the house that a program can check."""

import re
import shutil
import subprocess
from pathlib import Path

from .common import ROOT, Failure

DESCRIPTION = """\
Checks: no source file over 500 lines; a README.md in every folder of the first two
floors; no unfinished places; no package mirror written down; only the agreed folders."""

LINES_MOST = 500
TOP = {"kernel", "platform", "drivers", "userland", "tests", "dts", "tools"}
SOURCES = {".c", ".h", ".S", ".def", ".ld", ".py", ".sh", ".mk", ".dts", ""}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MIRROR = re.compile(r"\b[\w-]+\.debian\.(org|net)\b")


def add_arguments(parser):
    parser.add_argument("--need", metavar="PROGRAM", help="only look whether PROGRAM is there")


def project_files():
    """Files of the project, relative: what git knows or would take."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise Failure(f"git ls-files: {done.stderr.strip()}")
    return [path for line in done.stdout.splitlines() if (ROOT / (path := Path(line))).is_file()]


def problems(files):
    """One line for each broken rule."""
    found = []
    folders = set()
    for path in files:
        parents = [folder for folder in path.parents if folder != Path(".")]
        folders.update(folder for folder in parents if len(folder.parts) <= 2)
        if parents and parents[-1].name not in TOP and not parents[-1].name.startswith("."):
            found.append(f"{path}: {parents[-1]} is not a folder of the house")
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.count("\n")
        if lines > LINES_MOST and path.suffix in SOURCES and path.name != "LICENSE":
            found.append(f"{path}: {lines} lines, {LINES_MOST} is the most")
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line):
                found.append(f"{path}:{number}: unfinished: {line.strip()}")
            if MIRROR.search(line):
                found.append(f"{path}:{number}: names a package mirror")
    for folder in sorted(folders):
        if not folder.name.startswith(".") and not (ROOT / folder / "README.md").is_file():
            found.append(f"{folder}: no README.md")
    return found


def main(options):
    if options.need:
        if not shutil.which(options.need):
            raise Failure(f"{options.need} is not installed: apt-get install {options.need}")
        return 0
    found = problems(project_files())
    print("\n".join(found) if found else "the rules of the house are kept.")
    return 1 if found else 0
