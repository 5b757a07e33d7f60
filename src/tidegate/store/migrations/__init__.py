"""Migrations of the tables, run by :mod:`tidegate.store.schema`."""
