"""The running system's use cases: who may do what, and what is done then."""
