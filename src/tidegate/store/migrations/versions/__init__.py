"""The revisions, in order: 0001 core, 0002 money, 0003 access."""
