"""Scripts of on_vm/ for the charger's interpreter, with constants and slots put in place."""

from pathlib import Path, PurePosixPath

from conftest import ROOT

from tools import freeze
from tools.csms.charger import BUILD
from tools.inline import Source


def prepared(script: str, folder: Path) -> Path:
    """A script of on_vm/, its constants and slots put in place, in `folder`."""
    path = ROOT / "host_tests" / "on_vm" / script
    target = PurePosixPath(script)
    tables = freeze.find(str(BUILD / "gen"))
    frozen, errors = freeze.prepare([*tables, Source(path, target, path.read_text())])
    assert not errors, errors
    (folder / script).write_text(frozen[target])
    return folder / script
