"""firmware/native/trace for CPython."""

import os
import traceback

_FRAMES = 4


def where(exception):
    frames = traceback.extract_tb(exception.__traceback__)[::-1][:_FRAMES]
    return " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in frames)
