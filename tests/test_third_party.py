"""Another package brings a lane with axioms, probes and mutants of its own, as our S3 lanes do."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FILES = {
    "acme_store/__init__.py": """
        from remote_store.backends import MemoryBackend

        class AcmeBackend(MemoryBackend):
            region = "north"

        def lane(_services):
            from contextlib import contextmanager
            from rsconform.lanes import Subject

            @contextmanager
            def fixture():
                yield Subject(make=AcmeBackend)

            return fixture()
    """,
    "acme_store/probes.py": """
        from rsconform.probes import ProbeContext, probe

        raise_on_import = object()  # Only a case that is run may import this module.

        @probe(surface="sync")
        def region(context: ProbeContext, expected: str) -> None:
            found = context.backend.region
            if found != expected:
                context.fail(f"the region {expected}", str(found))
    """,
    "acme_store/selftest.py": """
        from rsconform.selftest import operators as op
        from rsconform.selftest.bases import registered
        from rsconform.selftest.mutant import mutant

        BASES = {"acme": registered("acme", known=("BE-029u", "KIT-047"))}
        MUTANTS = (mutant("ACME-001", "is-elsewhere", "acme", op.override(region="south"), reason="south"),)
    """,
    "acme_store/lanes.toml": """
        [lane.acme]
        fixture = "acme_store:lane"
        evidence = "in_process"
        specs = ["ACME"]
        traits = { flat_namespace = false, transport = "none" }
    """,
    "acme_store/specs/ACME.toml": """
        format = 1

        [family]
        id = "ACME"
        title = "Backends of Acme"
        contract = "remote-store >= 0.33"
        source = "acme"
        common = false

        [[axiom]]
        id = "ACME-001"
        title = "A backend has the region of its account"
        level = "MUST"
        statement = "The region of a backend is the region of its account."

          [[axiom.case]]
          name = "region"
          probe = "acme_store.probes:region"
          args = { expected = "north" }
    """,
    "acme_store-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-store\nVersion: 1.0\n",
    "acme_store-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "acme_store-1.0.dist-info/entry_points.txt": """
        [rsconform.lanes]
        acme = acme_store

        [rsconform.selftest]
        acme = acme_store.selftest
    """,
    "acme_store-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of somebody's package was installed."""
    home = tmp_path_factory.mktemp("acme")
    wheel = home / "acme_store-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in FILES.items():
            lines = [line.removeprefix("        ") for line in text.strip("\n").splitlines()]
            archive.writestr(name, "\n".join(lines) + "\n" if text else "")
    target = home / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(wheel)], check=True, timeout=120)
    return target


def rsconform(installed: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "rsconform", *arguments]
    return subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_lane_is_judged_by_the_axioms_and_probes_that_come_with_it(installed: Path, tmp_path: Path) -> None:
    done = rsconform(installed, tmp_path, "run", "--backend", "acme", "--spec", "ACME,BE-004a")

    assert "2 hold" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_probe_says_of_itself_is_read_without_importing_it(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from rsconform.spec.probes import facts_of; "
        "facts = facts_of('acme_store.probes:region'); "
        "print(facts.surface, facts.args, facts.required, 'acme_store.probes' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True)

    assert done.stdout.strip() == "sync ('expected',) ('expected',) False"


def test_the_selftest_has_the_mutants_that_come_with_it(installed: Path, tmp_path: Path) -> None:
    done = rsconform(installed, tmp_path, "selftest", "--spec", "ACME", "-n", "1")

    assert "1 of 1 found out" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acme_store.probes:regoin", "has no function 'regoin'"),
        ("acme_store.prboes:region", "module 'acme_store.prboes' is not installed here"),
        ("no_such_package.probes:region", "cannot be found"),
    ],
)
def test_a_probe_that_does_not_exist_is_a_mistake_in_its_line(
    installed: Path, tmp_path: Path, name: str, said: str
) -> None:
    text = (installed / "acme_store" / "specs" / "ACME.toml").read_text(encoding="utf-8")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "ACME.toml").write_text(text.replace("acme_store.probes:region", name), encoding="utf-8")

    done = rsconform(installed, tmp_path, "lint", "specs")

    assert "specs/ACME.toml:16" in done.stderr
    assert said in done.stderr
    assert done.returncode == 2
