"""A user's own pager behind an unmodified program: one that works, and each way to get it wrong."""

import re

import manifests
import pytest
from manifests import ROOT

EXAMPLES = ROOT / "userland/examples"
BUS_ERROR = 135

# What the log says of each mistake, and the text of the source line that it must lead to.
MISTAKES = {
    "pager-crash": (
        r"pager (?P<name>\S+) ended and left request (?P<request>\w+) unanswered \(page 0x(?P<page>\w+) "
        r"of object \d+, for (?P<program>\S+) at 0x(?P<address>\w+)\)",
        "visits[fault->index]++",
    ),
    "pager-silent": (
        r"pager (?P<name>\S+) did not answer request (?P<request>\w+) \(page 0x(?P<page>\w+) "
        r"of object \d+, for (?P<program>\S+) at 0x(?P<address>\w+)\) within 2000 ms",
        "sleep_until(UINT64_MAX)",
    ),
    "pager-endless": (
        r"pager (?P<name>\S+) did not answer request (?P<request>\w+) \(page 0x(?P<page>\w+) "
        r"of object \d+, for (?P<program>\S+) at 0x(?P<address>\w+)\) within 2000 ms",
        "while (++served > 100 && !ready)",
    ),
    "pager-wrong": (
        r"pager (?P<name>\S+) answered request (?P<request>\w+) \(page 0x(?P<page>\w+), "
        r"for (?P<program>\S+) at 0x(?P<address>\w+)\) wrongly: it supplies page 0x\w+",
        "SUPPLY_ZEROS(&other",
    ),
}

HELD = ["--seed", "1"]  # places are not random: a stack at a page's edge would need a further page


def image(name):
    return f"anon=build/userland/examples/{name}.elf"


def line_of(name, text):
    """Number of the line of an example's source that has this text."""
    lines = (EXAMPLES / name / "main.c").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_example_is_short():
    assert len((EXAMPLES / "pager/main.c").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("flavour", ["musl", "musl-pie", "glibc", "glibc-pie"])
def test_example_serves_an_unmodified_program(pagoda, flavour):
    result = pagoda(f"/bin/seed.{flavour}", options=["--pager", image("pager"), "--summary"]).expect(0)
    assert "first fill: 256 minor faults, 0 major\nsecond fill: 0 minor" in result.stdout
    assert "pager: at your service" in result.stderr
    assert "anon answered 0:" in result.stderr  # so the example answered them all
    assert "pager was behind the program" in result.stderr


def test_program_cannot_tell_whose_pager_it_has(pagoda):
    """Each page it touches costs the same behind the example as behind the system's own pager."""
    own = pagoda("/bin/faults", "--seed", "5", options=["--pager", image("pager")]).expect(0)
    assert own.stdout == pagoda("/bin/faults", "--seed", "5").expect(0).stdout


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_named(pagoda, name):
    """Pager, request, page and source line; the program alone dies; the system ends in order."""
    message, text = MISTAKES[name]
    result = pagoda("/bin/seed", options=["--pager", image(name), "--summary"]).expect(BUS_ERROR)
    found = re.findall(message, result.stderr)
    assert len(found) == 1, result.stderr
    named = re.search(message, result.stderr)
    assert (named["name"], named["program"]) == (name, "seed")
    assert int(named["address"], 16) == int(named["page"], 16) << 12
    assert f"userland/examples/{name}/main.c:{line_of(name, text)}" in result.stderr
    assert f"/bin/seed (pid 1) SIGBUS at 0x{named['address']} (pager failed, write)" in result.stderr
    assert "what happened" in result.stderr and "exit status 135" in result.stderr
    assert result.stdout == ""


def test_crash_names_what_the_pager_touched(pagoda):
    result = pagoda("/bin/seed", options=["--pager", image("pager-crash")]).expect(BUS_ERROR)
    page = int(re.search(r"unanswered \(page 0x(\w+)", result.stderr)[1], 16)
    ended = rf"pager-crash \(space \d+\) ended: exception 1 \(no memory there\) at 0x{8 * page:x} pc="
    assert re.search(ended, result.stderr), result.stderr
    assert "server pager-crash died" in result.stderr


@pytest.mark.parametrize("name", ["pager-crash", "pager-silent", "pager-wrong"])
def test_system_call_gets_an_error_where_its_page_cannot_be_had(pagoda, name):
    """The call that needed the page fails as Linux's would; the touch that follows is fatal."""
    result = pagoda("/bin/fill", options=HELD + ["--pager", image(name), "--summary"])
    result.expect(BUS_ERROR)
    assert re.fullmatch(r"fill: page \d+: Bad address\n", result.stdout)
    assert "exit status 135" in result.stderr
    if name == "pager-silent":  # it sits over the call's request and takes no other
        assert "pager pager-silent did not receive request" in result.stderr


def test_nothing_is_left_of_a_request_whose_pager_died(pagoda):
    """Its deadline passes while the program sleeps: nothing happens. The page is not waited for."""
    result = pagoda("/bin/fill", "256", "3", options=HELD + ["--pager", image("pager-crash")])
    assert re.fullmatch(r"fill: page \d+: Bad address\n", result.expect(BUS_ERROR).stdout)
    assert result.seconds > 3 and "did not answer" not in result.stderr


def test_program_after_a_dead_pager_cannot_start(pagoda, tmp_path):
    """It is told so at once: nobody waits in vain for a pager that is gone."""
    manifest = manifests.write(tmp_path, *["run /bin/seed"] * 3)
    result = pagoda(options=["--manifest", manifest, "--pager", image("pager-crash"), "--summary"])
    result.expect(126)
    assert [status for _, status, _ in manifests.ends(result)] == [BUS_ERROR]
    assert result.stderr.count("/bin/seed cannot start: ESTALE") == 2
    assert "did not answer" not in result.stderr


def test_programs_after_a_wrong_pager_are_refused_pages_one_by_one(pagoda, tmp_path):
    manifest = manifests.write(tmp_path, *["run /bin/seed"] * 3)
    result = pagoda(options=["--manifest", manifest, "--pager", image("pager-wrong"), "--summary"])
    result.expect(BUS_ERROR)
    assert [status for _, status, _ in manifests.ends(result)] == [BUS_ERROR] * 3
    assert len(re.findall("wrong answer at ", result.stderr)) == 3


def restarting(folder, deaths, seconds, *lines):
    """A manifest whose pagers are started again."""
    path = manifests.write(folder, *lines)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("server anon\n", f"server anon\n    restart {deaths} {seconds}\n"), encoding="utf-8"
    )
    return path


AGAIN = re.compile(r"server pager-crash died \((\d+) of (\d+) deaths in 60 s\); it is started again")


def test_program_survives_its_pager(pagoda, tmp_path):
    """The pager dies at every hundredth fault; each time a new one answers the request that the old
    one took along, and the program, its forks and threads cannot tell."""
    manifest = restarting(tmp_path, 1000, 60, "run /bin/seed", "run /bin/families", "run /bin/threads")
    options = ["--manifest", manifest, "--pager", image("pager-crash"), "--summary"]
    result = pagoda(options=options, timeout=120).expect(0)
    assert "first fill: 256 minor faults, 0 major\nsecond fill: 0 minor" in result.stdout
    deaths = AGAIN.findall(result.stderr)
    assert len(deaths) > 5
    assert [int(number) for number, _ in deaths] == list(range(1, len(deaths) + 1))
    assert result.stderr.count("pager pager-crash ended and left request") >= len(deaths)
    assert "requests to it fail" not in result.stderr and "SIGBUS" not in result.stderr
    assert "every frame accounted for" in result.stderr


def test_pager_that_dies_too_often_is_given_up(pagoda, tmp_path):
    manifest = restarting(tmp_path, 1, 60)
    options = ["--manifest", manifest, "--pager", image("pager-crash"), "--summary"]
    result = pagoda("/bin/seed", options=options).expect(BUS_ERROR)
    assert AGAIN.findall(result.stderr) == [("1", "1")]
    assert "server pager-crash died; requests to it fail from now on" in result.stderr
    assert re.search(r"/bin/seed \(pid 1\) SIGBUS at \S+ \(pager failed", result.stderr)
    assert "every frame accounted for" in result.stderr


STRAY = """
server stray
    image servers/anon
    level 3
    pool 192K 1M
"""


def test_idle_while_nobody_answers(pagoda, tmp_path):
    """After a server has died and while a program waits for its pager, the CPU has nothing to do:
    from the request to its end, interrupts come for the one deadline and no others."""
    manifest = manifests.write(tmp_path, STRAY, "run /bin/seed")
    trace = tmp_path / "trace"
    options = ["--manifest", manifest, "--pager", image("pager-silent"), "--trace", trace]
    result = pagoda(options=options).expect(BUS_ERROR)
    assert "server stray died" in result.stderr
    events = manifests.events(trace)
    end = events.index("EXPIRED")
    begin = max(i for i in range(end) if events[i] == "REQUEST")
    assert 1 <= events[begin:end].count("INTERRUPT") <= 10


@pytest.mark.parametrize(
    "file, reason",
    [
        ("README.md", "is not a program for AArch64"),
        ("build/no-such-pager.elf", "build/no-such-pager.elf"),
        ("build/virt/kernel.elf", "pagoda: server kernel"),
    ],
)
def test_what_is_no_pager_is_refused(pagoda, file, reason):
    result = pagoda("/bin/hello", options=["--pager", f"anon={file}"]).expect(125)
    assert reason in result.stderr


def test_linux_program_as_pager_ends_and_says_so(pagoda):
    result = pagoda("/bin/seed", options=["--pager", "anon=build/userland/apps/hello.glibc"])
    result.expect(BUS_ERROR)
    assert re.search(r"pagoda: hello \(space \d+\) ended: exception", result.stderr)
    assert "server hello died" in result.stderr
