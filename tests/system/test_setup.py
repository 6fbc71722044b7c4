"""tools/setup and the doctor, as far as they can be tried without installing anything."""

import os
import re
import resource

import pytest
from conftest import ROOT, execute

SETUP = ROOT / "tools/setup"


def test_nothing_is_missing_and_it_says_so_quickly():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "everything is there" in execute(SETUP).expect().stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, so that a busy machine does not count.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
    assert execute(SETUP, "--quiet").expect().stdout == ""
    assert execute(SETUP, "--check").expect().stdout


def test_help_and_unknown_options():
    assert "--check" in execute(SETUP, "--help").expect().stdout
    execute(SETUP, "--frobnicate").expect(2)


def test_what_is_missing_is_named(tmp_path):
    """An old QEMU is as good as none."""
    old = tmp_path / "qemu"
    old.write_text("#!/bin/sh\necho 'QEMU emulator version 7.2.0 (Debian)'\n")
    old.chmod(0o755)
    environment = {"PAGODA_QEMU": str(old)}
    result = execute(SETUP, "--check", environment=environment).expect(1)
    assert re.search(r"qemu-system-arm +the emulated board \(version 9", result.stdout)
    assert "gdb-multiarch" not in result.stdout
    rows = execute(SETUP, "--list", environment=environment).expect().stdout.splitlines()
    states = dict(row.split("\t")[:2] for row in rows)
    assert states.pop("qemu-system-arm") == "missing" and set(states.values()) == {"ok"}


def test_doctor(command):
    result = command("doctor").expect()
    assert "everything needed is there." in result.stdout
    result = command("doctor", environment={"PAGODA_QEMU": "/no/such/qemu"}).expect(1)
    assert "MISSING  qemu-system-arm" in result.stdout
    assert "without root: a QEMU of your own: PAGODA_QEMU=" in result.stdout


CASES = {
    "old form": (
        {"sources.list": "deb [arch=amd64 signed-by=/k.gpg] http://a/debian bookworm main contrib # x\n"
                         "deb-src http://a/debian bookworm main\n"},
        "Types: deb\nURIs: http://a/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg\n",
        "Types: deb\nURIs: http://a/debian\nSuites: bookworm-backports\nComponents: main\n"
        "Signed-By: /k.gpg\n",
    ),
    "deb822": (
        {"sources.list.d/debian.sources":
            "Types: deb deb-src\n# a comment\nURIs: http://a/debian\n"
            "Suites: bookworm bookworm-updates\nComponents: main non-free\nSigned-By:\n -----BEGIN\n .\n"
            " key\n\nTypes: deb\nURIs: http://b/security\nSuites: bookworm-security\nComponents: main\n"},
        "Types: deb\nURIs: http://a/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
        "Signed-By:\n -----BEGIN\n .\n key\n\nTypes: deb\nURIs: http://b/security\n"
        "Suites: bookworm-security\nComponents: main\n",
        "Types: deb\nURIs: http://a/debian\nSuites: bookworm-backports\nComponents: main\n"
        "Signed-By:\n -----BEGIN\n .\n key\n",
    ),
    "strangers": (
        {"sources.list": "deb http://x/tool-bookworm tool main\ndeb cdrom:[disc]/ bookworm main\n"
                         "deb http://y/z bookworm stable\n",
         "sources.list.d/off.sources":
            "Types: deb\nEnabled: no\nURIs: http://a\nSuites: bookworm\nComponents: main\n",
         "sources.list.d/ignored.txt": "deb http://a bookworm main\n"},
        "",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sources_of_the_machine(tmp_path, case):
    files, release, backports = CASES[case]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    script = '. tools/setuplib/sources.sh; debian_sources bookworm; echo ==; debian_sources bookworm backports'
    result = execute("bash", "-euc", script, environment={"PAGODA_APT_CONFIGURATION": str(tmp_path)})
    found = [part.strip("\n") for part in result.expect().stdout.split("==")]
    assert found == [release.strip("\n"), backports.strip("\n")]


def test_no_debian_source_is_said(tmp_path):
    build = tmp_path / "project"
    (build / "tools").mkdir(parents=True)
    os.symlink(SETUP, build / "tools/setup")
    os.symlink(ROOT / "tools/setuplib", build / "tools/setuplib")
    (tmp_path / "apt").mkdir()
    environment = {"PAGODA_APT_CONFIGURATION": str(tmp_path / "apt")}
    result = execute(build / "tools/setup", "--yes", environment=environment).expect(1)
    assert "names no Debian source" in result.stderr
    assert not list((build / "build").glob("sysroot*"))


@pytest.mark.parametrize(
    "origin, refused",
    [
        ("Debian:12.5/stable [amd64]", False),
        ("Debian-Security:12/stable-security [amd64]", False),
        ("Debian Backports:12/stable-backports [amd64]", False),
        ("Somebody:1.0/bookworm [amd64]", True),
        ("Debianish:12/stable [amd64]", True),
    ],
)
def test_packages_of_strangers_are_refused(tmp_path, origin, refused):
    plan = tmp_path / "plan"
    plan.write_text(f"Inst make (4.3 Debian:12/stable [amd64])\nInst gcc [1.0] (2.0 {origin}) []\n")
    script = """fail() { echo "$@"; exit 1; }; . tools/setuplib/host.sh; refuse_strangers "$0" """
    result = execute("bash", "-euc", script, plan).expect(int(refused))
    assert ("gcc" in result.stdout) == refused and "make" not in result.stdout
