"""Check the lock files: all pinned by hash, nothing missing, no address of a download host."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PIN: Final = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
REQUIREMENT: Final = re.compile(r"[A-Za-z0-9._-]+")


def pins(text: str) -> set[tuple[str, str]]:
    """Name and version of every pin in a lock file (one name may have a version per Python)."""
    return {(name, version) for name, version in PIN.findall(text)}


def names(requirements: list[str]) -> set[str]:
    """Names that requirement strings ask for, as a lock file spells them."""
    found = (REQUIREMENT.match(requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


def faults_of(file: str, text: str, wanted: set[str]) -> list[str]:
    """What is wrong with one lock file, a sentence each."""
    faults = [
        f"{file}:{number}: holds an address or an option: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if "://" in line or line.startswith("-")
    ]
    for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE):
        if (pin := PIN.match(entry)) and "--hash=sha256:" not in entry:
            faults.append(f"{file}: {pin[1]} has no hash")
    missing = wanted - {name for name, _ in pins(text)}
    faults += [f"{file}: {name} is missing; run `make lock`" for name in sorted(missing)]
    return faults


def main() -> int:
    """Print every fault; return 1 when there is one."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"]
    run_wants = names(project["project"]["dependencies"] + groups["build"] + extras["postgres"])
    dev_wants = run_wants | names(groups["dev"] + extras["bench"] + extras["cluster"])

    run = (ROOT / "requirements.lock").read_text("utf-8")
    dev = (ROOT / "requirements-dev.lock").read_text("utf-8")
    faults = faults_of("requirements.lock", run, run_wants)
    faults += faults_of("requirements-dev.lock", dev, dev_wants)
    faults += [
        f"requirements-dev.lock: {name} {version} of requirements.lock is missing; run `make lock`"
        for name, version in sorted(pins(run) - pins(dev))
    ]
    print(*faults or ["Lock files: in order."], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
