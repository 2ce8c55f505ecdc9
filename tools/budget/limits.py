"""What is measured, and how large it may be (DESIGN.md, 5). kB are 1,000 bytes."""

from typing import NamedTuple

KB = 1000


class Limit(NamedTuple):
    """What is measured, and the most that it may (gate) and should (goal) be, in bytes."""

    what: str
    gate: int | None
    goal: int | None


LIMITS = {
    "image": Limit("image, Core, no TLS", 172 * KB, 168 * KB),
    "image_core": Limit("the same: boards/products/core.txt", 172 * KB, 168 * KB),
    "image_all": Limit("image, all that is built, no TLS", 215 * KB, 200 * KB),
    "image_rv32": Limit("the same for RV32", None, None),
    "image_tls": Limit("image with the TLS client", 290 * KB, 280 * KB),
    "firmware": Limit("firmware alone: code, tables, names", 97 * KB, 94 * KB),
    "ram": Limit("all RAM, no TLS", 34 * KB, 32 * KB + 500),
    "ram_tls": Limit("all RAM, mutual TLS", 56 * KB, 50 * KB),
    "least_heap": Limit("least heap, 32-bit unix build", 32 * KB, 30 * KB),
    "least_heap_tls": Limit("least heap, mutual TLS", 48 * KB, 45 * KB),
}

Figures = dict[str, dict[str, int | None]]


def figures_of(measured: dict[str, int]) -> Figures:
    """Each figure with its limits; None: nothing has measured it."""
    return {
        name: {"value": measured.get(name), "gate": limit.gate, "goal": limit.goal}
        for name, limit in LIMITS.items()
    }


def over_the_gate(figures: Figures) -> list[str]:
    """What is larger than it may be, in words."""
    over = []
    for name, figure in figures.items():
        value, gate = figure["value"], figure["gate"]
        if value is not None and gate is not None and value > gate:
            over.append(f"{name}: {value} B is {value - gate} B over its gate of {gate} B")
    return over
