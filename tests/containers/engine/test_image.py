"""What is in the image, and its labels."""

import hashlib
import io
import json
import os
import struct
import subprocess
import tarfile
import tomllib
import unittest

from .docker import DOCKER, IMAGE, docker, inspect
from .host import ROOT

PROGRAM = "ecs-daemon-protector"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
SIZE_MAX = 4_000_000
INTERPRETER = 3  # PT_INTERP: a program that wants a loader


def layers():
    """The image's layers as they are stored, each a tar archive."""
    saved = subprocess.run([DOCKER, "save", IMAGE], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        return [archive.extractfile(layer).read() for layer in manifest["Layers"]]


def segment_types(program):
    """Types of the program headers of a 64-bit little-endian ELF file."""
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    return [struct.unpack_from("<I", program, offset + i * size)[0] for i in range(count)]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.layers = layers()
        cls.archive = tarfile.open(fileobj=io.BytesIO(cls.layers[0]))
        cls.inspected = inspect(IMAGE)
        cls.config = cls.inspected["Config"]

    @classmethod
    def tearDownClass(cls):
        cls.archive.close()

    def read(self, name):
        return self.archive.extractfile(name).read()

    def test_it_holds_the_program_and_a_bundle_and_nothing_else(self):
        self.assertEqual(len(self.layers), 1)
        files = {entry.name for entry in self.archive if not entry.isdir()}
        folders = {entry.name.rstrip("/") for entry in self.archive if entry.isdir()}
        self.assertEqual(files, {PROGRAM, BUNDLE})
        self.assertEqual(folders, {"etc", "etc/ssl", "etc/ssl/certs"})

    def test_files_are_roots_and_no_other_user_may_write_them(self):
        modes = {entry.name.rstrip("/"): (entry.uid, entry.gid, entry.mode & 0o7777) for entry in self.archive}
        self.assertEqual(modes[PROGRAM], (0, 0, 0o755))
        self.assertEqual(modes[BUNDLE], (0, 0, 0o644))

    def test_every_time_is_the_one_that_was_given(self):
        self.assertEqual({entry.mtime for entry in self.archive}, {0})

    def test_the_program_needs_no_loader(self):
        self.assertNotIn(INTERPRETER, segment_types(self.read(PROGRAM)))

    def test_the_program_names_no_folder_of_its_builder(self):
        program = self.read(PROGRAM)
        for folder in (b"/usr/local/cargo", b"/src/target", b"/root/"):
            self.assertNotIn(folder, program)

    def test_the_bundle_has_the_usual_roots(self):
        self.assertGreater(self.read(BUNDLE).count(b"-----BEGIN CERTIFICATE-----"), 100)

    def test_it_is_small(self):
        size, program = self.inspected["Size"], self.read(PROGRAM)
        print(f"image: {size / 1e6:.2f} MB, of it the program {len(program) / 1e6:.2f} MB", end=", ")
        print(f"sha256 {hashlib.sha256(program).hexdigest()}")
        self.assertLess(size, SIZE_MAX)

    def test_how_it_is_run(self):
        self.assertEqual(self.config["User"], "65532:65532")
        self.assertEqual(self.config["Entrypoint"], [f"/{PROGRAM}"])
        self.assertEqual(self.config["StopSignal"], "SIGTERM")
        for nothing in ("Cmd", "Healthcheck", "ExposedPorts", "Volumes"):
            self.assertFalse(self.config.get(nothing), nothing)

    def test_the_labels_say_what_it_was_made_from(self):
        package = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
        labels = {key.removeprefix("org.opencontainers.image."): value for key, value in self.config["Labels"].items()}
        self.assertEqual(labels["title"], PROGRAM)
        self.assertEqual(labels["version"], package["version"])
        self.assertEqual(labels["licenses"], package["license"])
        self.assertEqual(labels["source"], "local")
        self.assertEqual(labels["revision"], os.environ["REVISION"])
        self.assertEqual(labels["created"], os.environ["CREATED"])
        self.assertEqual(docker("run", "--rm", IMAGE, "--version").stdout, f"{PROGRAM} {package['version']}\n")
