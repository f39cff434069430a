"""Values here are computed from the text of RFC 6962, section 2.1, by definitions of their own."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xueqiao.kernel import merkle


def mth(leaves):
    """MTH as the RFC defines it, by recursion over the data."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    """SUBPROOF(m, D[n], b)."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def data(size):
    return [f"transfer {number}".encode() for number in range(size)]


def subtrees(leaves):
    return lambda level, index: mth(leaves[index << level : (index + 1) << level])


# The letters of the figures of section 2.1.3, the tree of seven leaves.
D = [f"d{number}".encode() for number in range(7)]
A, B, C, D3, E, F, J = (sha256(b"\x00" + each).digest() for each in D)
G = sha256(b"\x01" + A + B).digest()
H = sha256(b"\x01" + C + D3).digest()
I = sha256(b"\x01" + E + F).digest()  # noqa: E741 - the letter of the figure
K = sha256(b"\x01" + G + H).digest()
L = sha256(b"\x01" + I + J).digest()
ROOT = sha256(b"\x01" + K + L).digest()


def test_the_tree_of_the_rfc():
    assert merkle.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [merkle.leaf(each) for each in D] == [A, B, C, D3, E, F, J]
    assert merkle.root(7, subtrees(D)) == ROOT
    assert merkle.complete([A, B, C, D3]) == K


@pytest.mark.parametrize(
    ("index", "proof"),
    [(0, [B, H, L]), (3, [C, G, L]), (4, [F, J, K]), (6, [I, K])],
    ids=["d0", "d3", "d4", "d6"],
)
def test_the_audit_paths_of_the_rfc(index, proof):
    assert merkle.inclusion(index, 7, subtrees(D)) == proof
    assert merkle.root_with(merkle.leaf(D[index]), index, 7, proof) == ROOT


@pytest.mark.parametrize(
    ("old", "proof"),
    [(3, [C, D3, G, L]), (4, [L]), (6, [I, J, K])],
    ids=["hash0", "hash1", "hash2"],
)
def test_the_consistency_proofs_of_the_rfc(old, proof):
    assert merkle.consistency(old, 7, subtrees(D)) == proof
    assert merkle.is_consistent(old, 7, mth(D[:old]), ROOT, proof)


def test_every_proof_of_every_size_is_that_of_the_definition():
    leaves = data(34)
    for size in range(1, 35):
        tree, top = leaves[:size], mth(leaves[:size])
        assert merkle.root(size, subtrees(tree)) == top
        for index in range(size):
            proof = merkle.inclusion(index, size, subtrees(tree))
            assert proof == path(index, tree)
            assert merkle.root_with(merkle.leaf(tree[index]), index, size, proof) == top
        for old in range(1, size + 1):
            proof = merkle.consistency(old, size, subtrees(tree))
            assert proof == subproof(old, tree, True)
            assert merkle.is_consistent(old, size, mth(tree[:old]), top, proof)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.data())
def test_a_proof_that_was_touched_proves_nothing(size, draw):
    leaves = data(size)
    top = mth(leaves)
    index, old = draw.draw(st.integers(0, size - 1)), draw.draw(st.integers(1, size))
    included = merkle.inclusion(index, size, subtrees(leaves))
    extended = merkle.consistency(old, size, subtrees(leaves))
    for proof, holds in [
        (included, lambda p: merkle.root_with(merkle.leaf(leaves[index]), index, size, p) == top),
        (extended, lambda p: merkle.is_consistent(old, size, mth(leaves[:old]), top, p)),
    ]:
        assert holds(proof)
        assert not holds([*proof, top])
        if proof:
            place = draw.draw(st.integers(0, len(proof) - 1))
            changed = bytearray(proof[place])
            changed[draw.draw(st.integers(0, 31))] ^= 1 << draw.draw(st.integers(0, 7))
            assert not holds([*proof[:place], bytes(changed), *proof[place + 1 :]])
            assert not holds(proof[:place] + proof[place + 1 :])
    other = draw.draw(st.integers(0, size - 1).filter(lambda n: n != index) | st.none())
    if other is not None:
        assert merkle.root_with(merkle.leaf(leaves[index]), other, size, included) != top


def test_what_is_no_proof_at_all():
    tree = subtrees(D)
    assert merkle.root_with(A, 7, 7, []) is None
    assert merkle.root_with(A, 0, 7, [B, H]) is None
    assert not merkle.is_consistent(8, 7, ROOT, ROOT, [])
    assert not merkle.is_consistent(3, 7, mth(D[:3]), ROOT, [])
    assert merkle.is_consistent(0, 7, merkle.EMPTY, ROOT, [])
    assert not merkle.is_consistent(0, 7, ROOT, ROOT, [])
    assert merkle.is_consistent(7, 7, ROOT, ROOT, [])
    assert not merkle.is_consistent(7, 7, ROOT, K, [])
    with pytest.raises(ValueError, match="leaf 7 of 7"):
        merkle.inclusion(7, 7, tree)
    with pytest.raises(ValueError, match="8 of 7"):
        merkle.consistency(8, 7, tree)
