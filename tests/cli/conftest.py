import pytest
from tests.cli.calling import Shell


@pytest.fixture
def tidegate(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Shell:
    """The command, in a folder of its own, so that ``out`` lands nowhere else."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    return Shell(monkeypatch, capsys)
