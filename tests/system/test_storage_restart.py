"""Servers of the card's files die at named steps under load and are started again: programs notice a delay only.

The load is a shell script of seeded random steps on files of the card, made here together with a model of what they
leave; every step must succeed, and afterwards the card has just what the model says, as the host reads it."""

import re

import pytest
from conftest import ROOT, execute
from pagodalib import card_layout, ext4
from pagodalib.manifest import Manifest

FOLDER = "/root/load"
DEATHS = "    restart 1000 1000000"
NAMES = "abcdefgh"


class Load:
    """Shell lines, and the files they leave: name -> contents (one bytearray for names of one file)."""

    def __init__(self, random, steps):
        self.random, self.files, self.lines = random, {}, []
        for number in range(steps):
            before = len(self.lines)
            random.choice((self.write, self.write, self.append, self.overwrite, self.truncate, self.move,
                           self.remove, self.link, self.read, self.folder, self.sync))()  # fmt: skip
            for at in range(before, len(self.lines)):
                self.lines[at] += f" || echo FAILED step {number}: '{self.lines[at]}'"

    def text(self):
        """Contents, and the command that prints them."""
        first = self.random.randrange(10**6)
        last = first + self.random.choice((3, 300, 3000, 20000))
        return "".join(f"{n}\n" for n in range(first, last + 1)).encode(), f"seq {first} {last}"

    def some(self):
        return self.random.choice(sorted(self.files)) if self.files else None

    def write(self):
        name = self.random.choice(NAMES)
        data, command = self.text()
        self.lines.append(f"{command} >{name}")
        self.files.setdefault(name, bytearray())[:] = data

    def append(self):
        if name := self.some():
            data, command = self.text()
            self.lines.append(f"{command} >>{name}")
            self.files[name] += data

    def overwrite(self):
        if name := self.some():
            data, command = self.text()
            at = self.random.randrange(len(self.files[name]) + 1)
            self.lines.append(f"{command} | dd of={name} bs=64K seek={at} oflag=seek_bytes conv=notrunc status=none")
            self.files[name][at : at + len(data)] = data

    def truncate(self):
        if name := self.some():
            size = self.random.randrange(200_000)
            self.lines.append(f"truncate -s {size} {name}")
            old = self.files[name]
            old[:] = old[:size] + bytes(max(0, size - len(old)))

    def move(self):
        if name := self.some():
            other = self.random.choice(NAMES)
            if self.files.get(other) is self.files[name]:
                return
            self.lines.append(f"mv {name} {other}")
            self.files[other] = self.files.pop(name)

    def remove(self):
        if name := self.some():
            self.lines.append(f"rm {name}")
            del self.files[name]

    def link(self):
        free = sorted(set(NAMES) - set(self.files))
        if free and (name := self.some()):
            self.lines.append(f"ln {name} {free[0]}")
            self.files[free[0]] = self.files[name]

    def read(self):
        if name := self.some():
            self.lines.append(f"test $(wc -c <{name}) = {len(self.files[name])}")

    def folder(self):
        self.lines += ["mkdir -m 750 folder", "echo x >folder/x", "rm folder/x", "rmdir folder"]

    def sync(self):
        self.lines.append("sync")

    def script(self):
        return "\n".join([f"mkdir {FOLDER} && cd {FOLDER}", *self.lines, "echo over"])


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    path = tmp_path_factory.mktemp("card") / "card.img"
    execute(ROOT / "tools/pagoda", "card", "make", path, "--package", "bash", "--package", "coreutils",
            timeout=240).expect(0)  # fmt: skip
    return path


@pytest.fixture(name="deaths")
def run_with_deaths(pagoda, card, tmp_path, seeded):
    """deaths(server, argument): the load while this server dies and dies again; how often it did."""

    def run(server, argument, driver="virtio", steps=80):
        image, path = tmp_path / "card.img", tmp_path / "manifest"
        execute("cp", "--sparse=always", card, image).expect(0)
        manifest = Manifest((ROOT / "userland/manifest").read_text(encoding="utf-8"))
        for part in ("card", driver):
            manifest.lay((ROOT / f"userland/manifest.{part}").read_text(encoding="utf-8"))
        manifest.lay(f"server {server}\n    argument {argument}\n{DEATHS}\n")
        path.write_text(manifest.text(), encoding="utf-8")
        load = Load(seeded, steps)
        options = ["--card", image, "--memory", "512M", "--summary", "--manifest", path]
        options += ["--virtio"] if driver == "virtio" else []
        result = pagoda("bash", "-c", load.script(), options=options, timeout=120).expect(0)
        assert result.stdout == "over\n", result.stdout + result.stderr
        assert "every frame accounted for" in result.stderr, result.stderr
        offset = card_layout.root_of(image)[0]
        clean, said = ext4.check(image, offset)
        assert clean, said
        for name in NAMES:
            assert ext4.exists(image, offset, f"{FOLDER}/{name}") == (name in load.files), name
        for name, data in load.files.items():
            out = tmp_path / "out"
            out.unlink(missing_ok=True)
            ext4.dump(image, offset, f"{FOLDER}/{name}", out)
            assert out.read_bytes() == data, name
        return len(re.findall(rf"server {server} died", result.stderr))

    return run


@pytest.mark.parametrize("step", ["queued", "running", "done"])
@pytest.mark.parametrize("driver", ["sdhci", "virtio"])
def test_the_driver_dies(deaths, driver, step):
    assert deaths("card", f"die={step}/40", driver) >= 3


@pytest.mark.parametrize("step, every", [
    ("fault", 40), ("request", 40), ("reading", 20), ("writing", 6), ("flushing", 2), ("done", 30), ("answer", 40),
    ("allocated", 10), ("committed", 3),
])  # fmt: skip
def test_the_page_cache_dies(deaths, step, every):
    assert deaths("file", f"die={step}/{every}") >= 1


@pytest.mark.parametrize("step, every", [("request", 60), ("answer", 60), ("committed", 30), ("reply", 20)])
def test_the_file_system_dies(deaths, step, every):
    assert deaths("vfs", f"restartable die={step}/{every}") >= 1
