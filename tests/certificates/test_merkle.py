import hashlib

import pytest

from unlearning.certificates.merkle import LEFT, RIGHT, climb, leaf, path, root

COUNTS = range(1, 34)


def leaves(count):
    return [leaf(bytes([number])) for number in range(count)]


def by_definition(hashes):
    """The tree of RFC 6962, 2.1: split at the largest power of two below the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + by_definition(hashes[:split]) + by_definition(hashes[split:])).digest()


def test_the_root_is_that_of_rfc_6962():
    """Also of the strings "" and 0x00, which Certificate Transparency's test vectors begin with."""
    assert [root(leaves(count)) for count in COUNTS] == [by_definition(leaves(count)) for count in COUNTS]
    hashes = [leaf(b""), leaf(b"\x00")]
    assert hashes[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(hashes).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"


@pytest.mark.parametrize("count", COUNTS)
def test_every_leaf_climbs_to_the_root_by_its_own_path_only(count):
    hashes = leaves(count)
    for index, start in enumerate(hashes):
        steps = path(hashes, index)
        assert climb(start, steps) == root(hashes)
        assert len(steps) <= (count - 1).bit_length()
        assert count == 1 or climb(hashes[index - 1], steps) != root(hashes)


def test_order_and_number_of_leaves_matter_and_a_node_cannot_pass_for_a_leaf():
    hashes = leaves(3)
    assert len({root(hashes), root(hashes[::-1]), root(hashes[:2]), root([*hashes, hashes[-1]])}) == 4
    assert leaf(hashes[0] + hashes[1]) != root(hashes[:2])


def test_a_changed_step_leads_elsewhere():
    hashes = leaves(5)
    (side, other), *rest = path(hashes, 2)
    turned = LEFT if side == RIGHT else RIGHT
    assert climb(hashes[2], ((turned, other), *rest)) != root(hashes)
    assert climb(hashes[2], tuple(rest)) != root(hashes)


def test_a_tree_without_leaves_is_refused():
    with pytest.raises(ValueError, match="needs a leaf"):
        root([])
