"""What the READMEs say is true: steps, links, commands, folders, limits, sizes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, execute

TOP = {"Makefile", "README.md", "LICENSE", "kernel", "platform", "drivers", "userland", "tests",
       "dts", "tools"}  # fmt: skip
TOP_HIDDEN = {".ci", ".clang-format", ".gitignore"}
LINES_MOST = 500
KERNEL_LINES_MOST = 10_000  # of code: neither empty nor comment
STEP = re.compile(r"^(\d+)\. `([\w/.]+):(\w+)`", re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def project_files():
    """Paths of all files of the project, relative."""
    done = execute("git", "ls-files", "-co", "--exclude-standard").expect()
    return [path for line in done.stdout.splitlines() if (ROOT / (path := Path(line))).is_file()]


FILES = project_files()
READMES = [path for path in FILES if path.name == "README.md"]


def without_comments(text):
    """C or assembly without comments; line ends stay."""
    text = re.sub(r"/\*.*?\*/", lambda c: "\n" * c[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"//.*", "", text)


# ---- The way of a fault ----


def body_of(path, function):
    """Text of a function in a C file, or behind a label in an assembly file; None: not there."""
    if not (ROOT / path).is_file():
        return None
    text = without_comments((ROOT / path).read_text(encoding="utf-8"))
    if path.endswith(".S"):
        found = re.search(rf"^{function}:\n(.*?)(?=^[a-z_]\w*:|\Z)", text, re.MULTILINE | re.DOTALL)
    else:
        begin = rf"^[\w_][^;{{}}\n]*\b{function}\([^;{{}}]*\)\n\{{\n"
        found = re.search(begin + r"(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def calls_it(path, body, function):
    """Does this body call the function, or reach it through the table of calls?"""
    if path.endswith(".S"):
        name = function.removeprefix("call_")
        table = re.search(rf"^CALL\(\d+, {name},", syscalls(), re.MULTILINE)
        by_table = function != name and table and "CALL_TABLE_SIZE" in body
        return by_table or re.search(rf"\b{function}\b", body)
    return re.search(rf"\b{function}\(", body)


def syscalls():
    return (ROOT / "kernel/entry/syscalls.def").read_text(encoding="utf-8")


def problem_of_trail(steps):
    """None, or what is wrong with one list of (file, function), each called by one above it."""
    chain = []
    for path, function in steps:
        body = body_of(path, function)
        if body is None:
            return f"{path} has no function {function}"
        while chain and not calls_it(*chain[-1], function):
            chain.pop()  # it has returned
        if not chain and (path, function) != steps[0]:
            return f"{path}:{function} is called by no step above it"
        chain.append((path, body))
    return None


def trails(text):
    """The numbered lists of steps: each begins with 1 and counts on."""
    found = []
    for number, path, function in STEP.findall(text):
        if number == "1":
            found.append([])
        assert int(number) == len(found[-1]) + 1, f"{path}:{function} is step {number}"
        found[-1].append((path, function))
    return found


@pytest.mark.parametrize("name, lists", [("README.md", 3), ("kernel/vm/README.md", 2)])
def test_the_way_of_a_fault_is_the_way_of_the_code(name, lists):
    found = trails((ROOT / name).read_text(encoding="utf-8"))
    assert len(found) == lists and all(len(steps) > 2 for steps in found)
    assert [problem for steps in found if (problem := problem_of_trail(steps))] == []


def test_a_wrong_step_is_noticed():
    entry, trap = "kernel/entry/vectors.S", "kernel/entry/trap.c"
    right = [(entry, "synchronous"), (trap, "trap_exception")]
    assert problem_of_trail(right) is None
    assert "no function" in problem_of_trail([*right, (trap, "fault_entry")])
    assert "no function" in problem_of_trail([*right, ("kernel/entry/none.c", "fault_entry")])
    assert "no step above" in problem_of_trail([right[0], (trap, "interrupts_handle")])
    assert "no step above" in problem_of_trail([right[1], right[0]])


# ---- Links, folders, sizes ----


@pytest.mark.parametrize("readme", READMES, ids=str)
def test_links_and_paths_lead_somewhere(readme):
    """Links from the folder of the README; paths in `…` from it or from one above."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    here = (ROOT / readme).parent
    places = [folder for folder in [here, *here.parents] if folder.is_relative_to(ROOT)]
    links = [link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link]
    lost = [link for link in links if not (here / link).exists()]
    for path in re.findall(r"`([\w./-]+/[\w.-]+\.(?:c|h|S|def|py|md|mk|ld|dts|sh))`", text):
        made_up = path.startswith("build/") or "NAME" in path
        if not made_up and not any((place / path).exists() for place in places):
            lost.append(path)
    assert lost == []


def test_the_top_level_is_what_was_agreed():
    entries = {path.parts[0] for path in FILES}
    assert {entry for entry in entries if not entry.startswith(".")} == TOP
    assert {entry for entry in entries if entry.startswith(".")} <= TOP_HIDDEN


def test_every_folder_says_what_lives_in_it():
    """By a README of its own; a small folder deep inside may be explained by the one above."""
    folders = {folder for path in FILES for folder in path.parents if folder != Path(".")}
    silent = []
    for folder in sorted(folders - {Path(".ci")}):
        above = next(f for f in [folder, *folder.parents] if (ROOT / f / "README.md").is_file())
        inside = folder.relative_to(above).parts
        told = inside and f"`{inside[0]}/" in (ROOT / above / "README.md").read_text("utf-8")
        if inside and (len(folder.parts) <= 2 or not told):
            silent.append(str(folder))
    assert silent == []


def test_every_source_of_the_kernel_is_in_its_readme():
    sources = [path for path in FILES if path.parts[0] in ("kernel", "platform")]
    unnamed = [
        str(path) for path in sources if path.suffix in (".c", ".S", ".def", ".ld")
        and f"`{path.name}`" not in (ROOT / path.parent / "README.md").read_text("utf-8")
    ]  # fmt: skip
    assert len(sources) > 100 and unnamed == []


@pytest.mark.parametrize("readme", READMES, ids=str)
def test_readmes_are_short(readme):
    """A folder's README is a page; the top one has the whole story."""
    lines = (ROOT / readme).read_text(encoding="utf-8").count("\n")
    assert lines <= (200 if readme == Path("README.md") else 100)


def test_no_file_is_long():
    lines = {str(path): (ROOT / path).read_bytes().count(b"\n") for path in FILES}
    assert {name: count for name, count in lines.items() if count > LINES_MOST} == {}


def test_kernel_and_platform_stay_small():
    sources = [path for path in FILES if path.parts[0] in ("kernel", "platform")]
    sources = [path for path in sources if path.suffix in (".c", ".h", ".S", ".def", ".ld")]
    assert len(sources) > 100
    lines = [
        line for path in sources
        for line in without_comments((ROOT / path).read_text(encoding="utf-8")).splitlines()
        if line.strip()
    ]  # fmt: skip
    assert len(lines) < KERNEL_LINES_MOST
    assert f"less than {KERNEL_LINES_MOST:,} lines of code" in README


# ---- Commands ----


def commands(word):
    """What follows `word` in code of any README."""
    found = set()
    for readme in READMES:
        text = (ROOT / readme).read_text(encoding="utf-8")
        code = re.findall(r"`([^`\n]+)`|^(?: {4}|(?=make |tools/))(.+)$", text, re.MULTILINE)
        for piece in ("".join(pair) for pair in code):
            found.update(re.findall(rf"(?:^|(?<!card)(?<!bundle)\s){re.escape(word)} ([a-z][a-z-]*)", piece))
    return sorted(found)


def clean_environment():
    """Without what the make that runs the tests says to its children."""
    names = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")
    return {name: value for name, value in os.environ.items() if name not in names}


def in_shell(line, timeout=120):
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=clean_environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
    )  # fmt: skip


def test_every_make_target_exists():
    """Looked up, not tried: even `make -n` runs recipe lines that begin with +."""
    targets = commands("make")
    assert {"run", "test", "bench", "gdb", "doctor", "reference", "unit"} <= set(targets)
    rules = "".join(
        (ROOT / path).read_text(encoding="utf-8") for path in FILES
        if path.name == "Makefile" or path.suffix == ".mk"
    )  # fmt: skip
    known = set(" ".join(re.findall(r"^([a-z][a-z -]*):(?!=)", rules, re.MULTILINE)).split())
    assert set(targets) - known == set()


def test_cheap_targets_work():
    listed = in_shell("make help")
    assert listed.returncode == 0 and re.search(r"^  run ", listed.stdout, re.MULTILINE)
    made = in_shell("make reference")
    assert made.returncode == 0, made.stderr
    assert (ROOT / "build/reference.md").read_text(encoding="utf-8").startswith("# Reference")


def test_every_command_of_the_tool_exists():
    names = commands("tools/pagoda")
    assert {"run", "gdb", "trace"} <= set(names)
    done = {name: in_shell(f"tools/pagoda {name} --help") for name in names}
    assert {name: run.stderr for name, run in done.items() if run.returncode} == {}


EXAMPLES = [
    line for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines() if line.startswith(("tools/pagoda run", "tools/pagoda card"))
]  # fmt: skip


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_end_as_they_say(line):
    wanted = re.search(r"# status (\d+)", line)
    done = in_shell(line)
    assert done.returncode == int(wanted[1] if wanted else 0), done.stdout + done.stderr


def test_there_are_examples_with_and_without_failure():
    assert len(EXAMPLES) > 3
    assert 0 < sum("# status" in line for line in EXAMPLES) < len(EXAMPLES)


def test_a_program_of_ones_own(tmp_path):
    source = tmp_path / "hello.c"
    source.write_text('#include <stdio.h>\nint main(void) { puts("mine"); return 3; }\n')
    compile_it = re.search(r"`(aarch64-linux-gnu-gcc [^`]+)`", README)[1]
    run_it = re.search(r"then `(tools/pagoda run -- \./hello)`", README)[1]
    done = in_shell(f"cd {tmp_path} && {compile_it} && {ROOT}/{run_it}")
    assert (done.stdout, done.returncode) == ("mine\n", 3), done.stderr


def test_a_program_that_is_run_shows_what_the_readme_shows():
    block = re.search(r"^```text\n(before main.*?)^```", README, re.MULTILINE | re.DOTALL)[1]
    command = re.search(r"`(make run PROGRAM=[^`]+)`", README)[1]
    done = in_shell(command, timeout=300)
    assert done.returncode == 0, done.stderr
    shown = iter((done.stdout + done.stderr).splitlines())
    for line in block.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert any(re.fullmatch(pattern, seen) for seen in shown), line


# ---- Bounds ----


def constant(path, name):
    text = (ROOT / path).read_text(encoding="utf-8")
    return int(re.search(rf"^#define {name} +(\d+)", text, re.MULTILINE)[1])


def test_bounds_are_those_of_the_code():
    threads = constant("kernel/task/thread.h", "NUMBER_CHUNK")
    threads *= constant("kernel/task/thread.h", "NUMBER_CHUNKS")
    handles = constant("kernel/ipc/handle.h", "HANDLE_CHUNK")
    handles *= constant("kernel/ipc/handle.h", "HANDLE_CHUNKS")
    words = constant("kernel/entry/abi.h", "MESSAGE_WORDS_MAX")
    cpus = constant("kernel/boot/fdt.h", "CPUS_MAX")
    (line,) = [line for line in README.splitlines() if line.startswith("- **Bounds**")]
    assert f"{threads:,} threads, {handles:,} handles a space, {words} words a message" in line
    assert line.endswith(f" {cpus} CPUs.")


def test_calls_that_the_readme_denies_do_not_exist():
    """When one of them is added the README must be changed."""
    lists = (ROOT / "userland/servers/proc").glob("*/calls.def")
    text = "".join(path.read_text(encoding="utf-8") for path in lists)
    calls = set(re.findall(r"^SYSTEM_CALL\(\d+, (\w+)", text, re.MULTILINE))
    assert len(calls) > 30
    denied = {"inotify_init1", "swapon"}
    assert calls & denied == set()
