"""A throw-away certificate authority, so that the programs do real TLS against this machine."""

import os
import shutil
import subprocess
from pathlib import Path

from . import ROOT

# Roots that a sidecar carries in itself; one that does reads no bundle on AWS.
AMAZON = ROOT / "crates/sidecar/roots/amazon.pem"

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def make(folder):
    """Makes a server certificate, its key and a trust store in `folder`; None if openssl is not at hand.

    The trust store is this machine's bundle and our authority: reading 140 roots is part of what is measured.
    """
    if shutil.which("openssl") is None:
        return None
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=measure", cwd=folder)
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1", cwd=folder)
    Path(folder, "server.ext").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "server.ext")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.crt", *signing, cwd=folder)

    store = Path(folder, "store.crt")
    store.write_text(bundle() + Path(folder, "ca.crt").read_text())
    return str(Path(folder, "server.crt")), str(Path(folder, "server.key")), str(store)


def store_for(program, folder):
    """The file of roots that stands for what this program reads on AWS, with our authority.

    A program that has Amazon's roots compiled in would trust no server of ours, so it gets the same roots as a file: as
    many as it reads on AWS. Any other program gets the bundle of this machine.
    """
    store = Path(folder, "amazon.crt")
    if not carries_roots(program):
        return str(Path(folder, "store.crt"))
    store.write_text(AMAZON.read_text() + Path(folder, "ca.crt").read_text())
    return str(store)


def carries_roots(program):
    """Whether the first root of Amazon is in the program, as text."""
    lines = AMAZON.read_text().splitlines()
    first = lines[lines.index("-----BEGIN CERTIFICATE-----") + 1]
    return first.encode() in Path(program).read_bytes()


def bundle():
    """The text of this machine's trust store; empty if there is none."""
    candidates = [os.environ.get("SSL_CERT_FILE"), *BUNDLES]
    found = next((Path(p) for p in candidates if p and Path(p).is_file()), None)
    return found.read_text() if found else ""
