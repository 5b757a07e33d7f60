"""The folder in which the running system keeps what is its own."""

from pathlib import Path

from tidegate.errors import RunError


def open_folder(folder: Path) -> Path:
    """Make a data folder, readable by its owner alone.

    Raises
    ------
    RunError
        ``TG-LIVE-FOLDER``.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RunError(
            "TG-LIVE-FOLDER",
            f"{folder}: {error.strerror}.",
            expected="a folder that can be made and written in.",
        ) from error
    return folder
