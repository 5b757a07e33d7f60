"""The keys with which somebody has asked a moment ago: a busy one is not looked up for each request."""

from tidegate.control.access import Reach
from tidegate.control.access_store import AccessDoor
from tidegate.control.keys import ApiKey, check_key, id_in
from tidegate.control.recent import Recent
from tidegate.control.seal import Seal


class Keyring:
    """Checks keys; the secret of each is held against its hash every time.

    Parameters
    ----------
    door : AccessDoor
    seal : Seal
    """

    def __init__(self, door: AccessDoor, seal: Seal) -> None:
        self._door = door
        self._seal = seal
        self._recent = Recent(self._look)
        self.forget, self.close = self._recent.forget, self._recent.close

    def _look(self, key_id: str) -> ApiKey | None:
        with self._door.reading() as store:
            return store.keys.key(key_id, Reach(None))

    def checked_at_once(self, text: str, wall_s: int) -> ApiKey | None:
        """Return the key of a text when it has been looked up a moment ago; None when :meth:`checked` has to be asked.

        Raises
        ------
        AccessError
            ``TG-ACCESS-KEY``.
        """
        key_id = id_in(text)
        known = None if key_id is None else self._recent.known(key_id)
        return None if known is None else check_key(self._seal, known, text, wall_s)

    def checked(self, text: str, wall_s: int) -> ApiKey:
        """Return the key of a text that somebody presents.

        Raises
        ------
        AccessError
            ``TG-ACCESS-KEY`` when there is no such key, or it works no longer.
        """
        key_id = id_in(text)
        known = None if key_id is None else self._recent.of(key_id)
        return check_key(self._seal, known, text, wall_s)
