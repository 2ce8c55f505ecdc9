"""Functions and classes of the frozen firmware as objects in ROM (README.md)."""
