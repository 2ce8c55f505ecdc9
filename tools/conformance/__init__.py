"""The conformance report: which certification case is proven by which test (README.md)."""
