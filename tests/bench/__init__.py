"""Benches: what the product promises in figures, measured on its real parts. ``tests/run.sh bench NAME`` runs one."""
