"""Page faults are counted truthfully: program, pager, kernel and trace agree on every one.

`faults` touches random memory in random sizes, strides and orders, predicts what that must cost and
compares with getrusage. Here the other counts are held against it.
"""

import re

import manifests
import pytest

SUMMARY = re.compile(
    r"program +exit status 0; (?P<minor>\d+) minor and (?P<major>\d+) major faults"
    r"[\s\S]*faults +(?P<all>\d+): (?P<sent>\d+) sent to a pager, (?P<alone>\d+) answered by the "
    r"kernel alone, (?P<refused>\d+) refused; (?P<servers>\d+) of them in servers"
    r"[\s\S]*anon answered (?P<answered>\d+): (?P<zeroed>\d+) zeroed, (?P<shared>\d+) shared zero "
    r"page, (?P<copied>\d+) copied, (?P<upgraded>\d+) made writable"
)


def counts(result):
    """The numbers of the summary, by name."""
    found = SUMMARY.search(result.expect(0).stderr)
    assert found, result.stderr
    return {name: int(number) for name, number in found.groupdict().items()}


def check(result):
    """Program, kernel and pager agree; the program's own prediction did already."""
    assert re.search(r"expected (\d+), counted \1 minor faults: equal", result.stdout), result.stdout
    count = counts(result)
    assert count["all"] == count["sent"] + count["alone"] + count["refused"]
    assert count["minor"] == count["all"] - count["refused"] - count["servers"]
    assert count["answered"] == count["sent"]
    kinds = ("zeroed", "shared", "copied", "upgraded")
    assert count["answered"] == sum(count[kind] for kind in kinds)
    assert count["major"] == 0 and count["refused"] == 0
    return count


@pytest.mark.parametrize("flavour", ["musl", "musl-pie", "glibc", "glibc-pie"])
@pytest.mark.parametrize("run", range(3))
def test_all_counts_agree(pagoda, seeded, flavour, run):
    words = ["--seed", seeded.randrange(1, 1 << 40), "--rounds", 30]
    count = check(pagoda(f"/bin/faults.{flavour}", *words, options=["--summary"]))
    assert count["sent"] > 2000


def test_all_counts_agree_beyond_the_linear_map(pagoda, seeded):
    """The slow ways of both kernel entries count as the fast ones do."""
    words = ["--seed", seeded.randrange(1, 1 << 40), "--rounds", 30]
    options = ["--summary", "--memory", "256M", "--append", "linear=64M"]
    check(pagoda("/bin/faults", *words, options=options))


@pytest.mark.parametrize("run", range(3))
def test_trace_has_each_fault(pagoda, seeded, tmp_path, run):
    """Each fault sent to the pager is one REQUEST in the trace, each answer one SUPPLY."""
    trace = tmp_path / "trace"
    words = ["--seed", seeded.randrange(1, 1 << 40), "--rounds", 2]
    count = check(pagoda("/bin/faults", *words, options=["--summary", "--trace", trace]))
    assert manifests.events(trace).count("REQUEST") == count["sent"]
    assert manifests.events(trace).count("SUPPLY") == count["answered"]
    assert manifests.events(trace).count("REFUSED") == 0


def test_traced_run_counts_what_an_untraced_one_does(pagoda, tmp_path):
    words, same = ["/bin/faults", "--seed", 7, "--rounds", 1], ["--summary", "--fixed-addresses"]
    traced = counts(pagoda(*words, options=[*same, "--trace", tmp_path / "trace"]))
    assert traced == counts(pagoda(*words, options=same))


def test_seed_program_in_all_counts(pagoda, tmp_path):
    """Its 256 are among what the pager zeroed, and a second program adds exactly as many."""
    same = ["--summary", "--fixed-addresses"]
    one = counts(pagoda("/bin/seed", options=same))
    manifest = manifests.write(tmp_path, "run /bin/seed", "run /bin/seed")
    result = pagoda(options=["--manifest", manifest, *same])
    two = counts(result)
    assert one["zeroed"] >= 256
    for name in ("minor", "sent", "answered", "zeroed", "copied"):
        assert two[name] == 2 * one[name], name
    assert [faults for _, _, faults in manifests.ends(result)] == [one["minor"]] * 2
