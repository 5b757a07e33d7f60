"""Tags name no key that the list of keys, on which the sudoers lines stand, does not have."""

import re

from tidegate.drivers.slurm.tag import KEYS, Phase, Tag, read_tag


def test_every_key_of_a_tag_is_listed():
    tag = Tag(Phase.PREPARING, 1, "lea_a", "ten_a", "flex", is_clean=True, noticed_s=2, take_at_s=3)
    assert re.findall(r"(\w+)=", str(tag)) == list(KEYS)
    assert read_tag(f"rack 7 {tag}") == tag
