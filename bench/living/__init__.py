"""Parts of the benchmark of the running system."""
