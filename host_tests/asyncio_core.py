"""Gives asyncio of CPython the attribute `core` that hal/wake.py imports; nothing sleeps here."""

import asyncio

if not hasattr(asyncio, "core"):
    asyncio.core = None
