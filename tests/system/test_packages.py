"""Debian packages as layers: chosen and fetched from a small archive made here, without network."""

import hashlib
import os
import stat
import subprocess

import pytest
from conftest import ROOT, execute
from pagodalib import cpio

RELEASE = """\
Origin: {origin}
Label: {origin}
Suite: stable
Version: 12.1
Codename: {codename}
Date: Sat, 01 Jan 2022 00:00:00 UTC
Components: main
Architectures: arm64
SHA256:
 {hash} {size} main/binary-arm64/Packages
"""


class Archive:
    """An archive of packages on disk, and the environment that makes it the machine's only one."""

    def __init__(self, folder):
        self.folder, self.packages = folder, []
        self.environment = {
            "PAGODA_APT_CONFIGURATION": str(folder / "apt"), "PAGODA_BUILD": str(folder / "build"),
        }  # fmt: skip
        words = execute("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").expect().stdout
        self.codename = words.strip()
        (folder / "build").mkdir()
        for name in ("userland", "sysroot", "virt"):
            (folder / "build" / name).symlink_to(ROOT / "build" / name)

    def add(self, name, fill=None, architecture="arm64", **fields):
        """A package; fill(folder) puts files into it."""
        tree = self.folder / name
        (tree / "DEBIAN").mkdir(parents=True)
        control = {"Package": name, "Version": "1:2-3", "Architecture": architecture,
                   "Maintainer": "nobody", "Description": "x", **fields}  # fmt: skip
        text = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in control.items())
        (tree / "DEBIAN/control").write_text(text)
        (tree / "DEBIAN/preinst").write_text("#!/bin/sh\necho run >>/never\nexit 1\n")
        (tree / "DEBIAN/preinst").chmod(0o755)
        if fill:
            fill(tree)
        deb = self.folder / f"{name}.deb"
        execute("dpkg-deb", "--root-owner-group", "-b", tree, deb).expect()
        data = deb.read_bytes()
        self.packages.append(
            f"{text}Filename: {deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )

    def publish(self, origin="Debian"):
        lists = self.folder / f"dists/{self.codename}/main/binary-arm64"
        lists.mkdir(parents=True, exist_ok=True)
        data = "\n".join(self.packages).encode()
        (lists / "Packages").write_bytes(data)
        release = RELEASE.format(origin=origin, codename=self.codename, size=len(data),
                                 hash=hashlib.sha256(data).hexdigest())  # fmt: skip
        (self.folder / f"dists/{self.codename}/Release").write_text(release)
        (self.folder / "apt").mkdir(exist_ok=True)
        line = f"deb [trusted=yes] file:{self.folder} {self.codename} main\n"
        (self.folder / "apt/sources.list").write_text(line)
        for old in (self.folder / "build/packages/apt/lists").glob("*Packages*"):
            old.unlink()


def tool(tree):
    (tree / "bin").mkdir()
    (tree / "bin/tool").write_text("#!/bin/sh\n")
    (tree / "bin/tool").chmod(0o4755)
    os.link(tree / "bin/tool", tree / "bin/tool-again")
    (tree / "usr/share/doc/tool").mkdir(parents=True)
    (tree / "usr/share/doc/tool/copyright").write_text("long\n" * 1000)


def library(tree):
    (tree / "lib/aarch64-linux-gnu").mkdir(parents=True)
    (tree / "lib/aarch64-linux-gnu/lib.so.1").write_text("library")
    (tree / "lib/ld-linux-aarch64.so.1").symlink_to("aarch64-linux-gnu/lib.so.1")
    (tree / "etc").mkdir()
    (tree / "etc/hostname").write_text("from-the-package\n")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    made = Archive(tmp_path_factory.mktemp("archive"))
    made.add("tool", tool, Depends="lib-one | lib-none, virtual (>= 1), debconf | debconf-2.0",
             Pre_Depends="dpkg (>= 1.19)", Recommends="too-much")  # fmt: skip
    made.add("lib-one", library, Breaks="other")
    made.add("provider", Provides="virtual (= 2)", architecture="all")
    made.add("too-much")
    made.add("debconf", architecture="all")
    made.add("needs-none", Depends="lib-none")
    made.publish()
    return made


@pytest.fixture
def tree(archive, command):
    """name -> entry of the bundle that is made with these options."""

    def make(*options):
        file = archive.folder / "bundle"
        command("bundle", "make", file, *options, "--", "/bin/hello",
                environment=archive.environment).expect()  # fmt: skip
        return {entry.name: entry for entry, _ in cpio.read(file.read_bytes())}

    return make


def fetch(archive, *names):
    result = execute(ROOT / "tools/setup", "--fetch", *names, environment=archive.environment)
    return result, [os.path.basename(line) for line in result.stdout.splitlines()]


def test_what_a_package_needs_comes_with_it(archive):
    result, files = fetch(archive, "tool")
    result.expect()
    assert sorted(files) == ["lib-one_1%3a2-3_arm64.deb", "provider_1%3a2-3_all.deb", "tool_1%3a2-3_arm64.deb"]
    assert files[-1].startswith("tool")  # after what it depends on
    assert "download" in result.stderr or "reading" in result.stderr


def test_the_second_time_nothing_is_fetched(archive):
    fetch(archive, "tool")[0].expect()
    again, files = fetch(archive, "tool")
    assert again.expect().stderr == "" and len(files) == 3 and again.seconds < 5


def test_installers_come_only_by_name(archive):
    assert not any(file.startswith("debconf") for file in fetch(archive, "tool")[1])
    assert any(file.startswith("debconf") for file in fetch(archive, "tool", "debconf")[1])


@pytest.mark.parametrize(
    "names, reason",
    [
        (("no-such-package",), "has no package for arm64 named no-such-package."),
        (("tool", "no-such", "nor-this"), "named no-such nor-this."),
        (("needs-none",), "lib-none"),
        (("a;b",), '"a;b" is no name of a package'),
        (("-o",), '"-o" is no name of a package'),
        (("tool/stable",), "no name of a package"),
    ],
)
def test_packages_that_cannot_be_had(archive, command, names, reason):
    result, files = fetch(archive, *names)
    assert reason in result.expect(1).stderr and files == []
    options = [f"--package={name}" for name in names]
    result = command("run", *options, "--", "/bin/hello", environment=archive.environment).expect(125)
    assert reason in result.stderr and "Traceback" not in result.stderr


def test_packages_of_strangers_are_refused(tmp_path):
    strange = Archive(tmp_path)
    strange.add("tool")
    strange.publish(origin="Somebody")
    assert "would not come from Debian" in fetch(strange, "tool")[0].expect(1).stderr


def test_packages_in_the_tree(tree):
    entries = tree("--package", "tool")
    assert entries["root/bin"].data == b"usr/bin" and entries["root/lib"].data == b"usr/lib"
    first, second = entries["root/usr/bin/tool"], entries["root/usr/bin/tool-again"]
    assert first.mode == stat.S_IFREG | 0o4755 and first.link == second.link is not None
    loader = entries["root/usr/lib/ld-linux-aarch64.so.1"]
    assert loader.data == b"aarch64-linux-gnu/lib.so.1"
    assert entries["root/usr/lib/aarch64-linux-gnu/lib.so.1"].data == b"library"
    assert entries["root/usr/bin/sh"].data == b"busybox" and "root/usr/bin/busybox" in entries
    assert not any("/doc" in name or "too-much" in name for name in entries)
    assert b"\nhostname from-the-package\n" in bytes(entries["manifest"].data)


def test_the_order_of_layers_counts(tree, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/tool").write_text("mine")
    root = ["--root", tmp_path]
    assert tree("--package", "tool", *root)["root/usr/bin/tool"].data == b"mine"
    assert tree(*root, "--package", "tool")["root/usr/bin/tool"].data == b"#!/bin/sh\n"


def test_a_damaged_archive_is_named(archive, tree):
    deb = next((archive.folder / "build/packages/archives").glob("lib-one*"))
    whole = deb.read_bytes()
    for tar in (archive.folder / "build/packages/unpacked").glob("lib-one*"):
        tar.unlink()
    deb.write_bytes(whole[:200])
    result = subprocess.run([ROOT / "tools/pagoda", "tree", "--package", "tool"], capture_output=True,
                            text=True, check=False, env={**os.environ, **archive.environment})  # fmt: skip
    deb.write_bytes(whole)
    assert result.returncode == 125 and "cannot unpack lib-one" in result.stderr
    tree("--package", "tool")
