"""Check a ledger proof of the credit bank, without its program and without the network.

    python3 check_ledger_proof.py proof.json KEY [OLDER KEY ...]

KEY is the bank's key as it publishes it (page "Sealed ledger"), such as
bank.example/ledger+c74f20a3+ARpc2Q…; take it from there and not from the proof. Ends with status 0
when everything holds, else with 1. Needs Python 3.8 and nothing else.

Sources: RFC 6962 (tree), RFC 8785 (form of a transfer), RFC 8032 (Ed25519), C2SP tlog-checkpoint.
"""

import base64
import hashlib
import json
import sys

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
raw = base64.b64decode


def sha256(data):
    return hashlib.sha256(data).digest()


def point(data):  # decoding a point, RFC 8032, 5.1.3
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT_OF_MINUS_1 % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def add(one, two):  # adding points, RFC 8032, 5.1.4
    a, b = (one[1] - one[0]) * (two[1] - two[0]), (one[1] + one[0]) * (two[1] + two[0])
    c, d = 2 * one[3] * two[3] * D, 2 * one[2] * two[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, base):
    found = (0, 1, 1, 0)
    for bit in f"{number:b}":
        found = add(found, found)
        found = add(found, base) if bit == "1" else found
    return found


def is_signed(public, message, signature):  # RFC 8032, 5.1.7
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little")
    y = 4 * pow(5, P - 2, P) % P
    left = times(s, point(y.to_bytes(32, "little")))
    right = add(point(signature[:32]), times(h % ORDER, point(public)))
    same = [(left[n] * right[2] - right[n] * left[2]) % P for n in (0, 1)] == [0, 0]
    return len(signature) == 64 and s < ORDER and same


def opened(note, keys):  # size and root of a checkpoint that one of the keys has signed
    text, lines = note[: note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2 :].splitlines()
    for name, _id, packed in (key.split("+", 2) for key in keys):
        public = raw(packed)
        mark = sha256(name.encode() + b"\n" + public)[:4]
        for line in lines:
            dash, signer, value = line.split(" ")
            if (dash, signer, raw(value)[:4], public[:1]) == ("\u2014", name, mark, b"\1"):
                if is_signed(public[1:], text.encode(), raw(value)[4:]):
                    return int(text.split("\n")[1]), raw(text.split("\n")[2])
    raise ValueError("no key that you gave has signed the root")


def climb(index, last, old, new, path):  # RFC 9162, 2.1.3.2 and 2.1.4.2
    for each in path:
        if last == 0:
            raise ValueError("a proof is too long")
        if index & 1 or index == last:
            old, new = sha256(b"\1" + each + old), sha256(b"\1" + each + new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = sha256(b"\1" + new + each)
        index, last = index >> 1, last >> 1
    return (old, new) if last == 0 else (b"", b"")


def contains(size, root, transfer, index, path):
    text = json.dumps(transfer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    leaf = sha256(b"\0" + sha256(text.encode()))
    return 0 <= index < size and climb(index, size - 1, leaf, leaf, map(raw, path))[1] == root


def begins_with(size, root, older, old_root, proof):
    path = ([old_root] if older & (older - 1) == 0 else []) + [raw(each) for each in proof]
    if not 0 < older < size or not path:
        return (older, old_root, proof) == (size, root, [])
    index, last = older - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    return climb(index, last, path[0], path[0], path[1:]) == (old_root, root)


def main(name, *keys):
    with open(name, encoding="utf-8") as file:
        proof = json.load(file)
    if not keys:
        print("Give the bank's key, from its site. The proof says it is:", *proof["keys"])
        return 1
    size, root = opened(proof["checkpoint"], keys)
    print("ok  signed root of", size, "transfers:", root.hex())
    good = True
    for each in proof["transfers"]:
        holds = contains(size, root, each["transfer"], each["index"], each["path"])
        good &= holds
        print("ok " if holds else "NO ", "transfer", each["index"], json.dumps(each["transfer"]))
    if "earlier" in proof:
        older, old_root = opened(proof["earlier"]["checkpoint"], keys)
        holds = begins_with(size, root, older, old_root, proof["earlier"]["proof"])
        good &= holds
        print(
            "ok " if holds else "NO ", "it begins with the", older, "transfers of", old_root.hex()
        )
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as why:
        sys.exit("NO  this is no proof: %s" % (why or type(why).__name__))
