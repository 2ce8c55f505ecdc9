"""Chargers of two products are built and played as in `make products`: core, and one of the others
that the machine takes; SEED= in the environment takes the same again.
"""

import os
import random

import pytest
from product_session import session

from tools import products, settings
from tools.blocks.declaration import read_all
from tools.blocks.product import read

settings.check(("SEED",))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 30))
OTHERS = [variant for variant in products.variants() if variant.name not in ("core", "all")]


@pytest.mark.timeout(400)  # it builds a charger
@pytest.mark.parametrize("which", ["core", "another"])
def test_a_product_boots_charges_and_reports(which, capsys):
    if which == "core":
        variant = products.Variant("core", None)
    else:
        variant = random.Random(SEED).choice(OTHERS)
        with capsys.disabled():
            print(f"\n{variant.name} of {len(OTHERS)} products, SEED={SEED}")
    products.build(str(variant.file()))
    products.play(variant)


def test_each_block_is_left_out_once():
    names = {variant.name for variant in products.variants()}
    assert {"core", "all", "without-reset", "without-metering"} <= names
    assert "without-provisioning" not in names
    (metering,) = (v for v in products.variants() if v.name == "without-metering")
    assert metering.more == "without metering transactions\n", "transactions needs it"


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (products.Variant("without-reset", "without reset\n"), "of blocks that are left out"),
        (products.Variant("without-trigger", "without trigger\n"), "TriggerMessage"),
        (
            products.Variant("without-availability", "without availability\n"),
            "2 StatusNotifications",
        ),
    ],
)
async def test_what_a_product_should_not_have_is_found(tmp_path, other, told):
    """The charger with all blocks, played as if it were another."""
    product = read(other.file(), products.ROOT)
    charger = products.Variant("all", None).charger()
    with pytest.raises(AssertionError, match=told):
        await session(tmp_path, charger, product, read_all(products.BLOCKS))
