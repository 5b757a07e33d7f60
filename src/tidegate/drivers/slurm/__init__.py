"""Slurm: read by its own commands, as any user may; changed by a few of them, as an operator may."""
