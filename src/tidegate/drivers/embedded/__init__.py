"""The simulator's cluster on a real or sped-up clock, so that Tidegate runs without a scheduler."""
