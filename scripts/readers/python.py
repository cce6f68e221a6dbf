"""Judges ids of the idgen command by Python's own uuid module and the package python-ulid.

usage: python.py IDGEN COUNT
"""

import subprocess
import sys
import time
import uuid

from ulid import ULID

IDGEN, COUNT = sys.argv[1], sys.argv[2]
NOW = time.time()
# Between 1582-10-15 and 1970-01-01, in 100 ns.
GREGORIAN = 0x01B21DD213814000


def run(*arguments):
    done = subprocess.run([IDGEN, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def generate(scheme):
    ids = run("generate", scheme, "-n", COUNT)
    assert len(set(ids)) == int(COUNT), scheme
    return ids


def is_now(seconds, text):
    assert abs(NOW - seconds) < 60, f"{text} is of {time.ctime(seconds)}"


for version in (1, 4, 6, 7):
    for text in generate(f"uuid-v{version}"):
        read = uuid.UUID(text)
        assert str(read) == text
        assert (read.variant, read.version) == (uuid.RFC_4122, version), text
        if version == 1:
            is_now((read.time - GREGORIAN) / 1e7, text)
            assert read.node >> 40 & 1, f"{text} may have somebody's address"
        if version == 7:
            is_now((read.int >> 80) / 1e3, text)

for name in ("www.example.com", "ü€𝄞"):
    for version, make in ((3, uuid.uuid3), (5, uuid.uuid5)):
        ours = run("name", f"uuid-v{version}", "--namespace", "dns", name)
        assert ours == [str(make(uuid.NAMESPACE_DNS, name))], ours

for text in generate("ulid"):
    read = ULID.from_str(text)
    assert str(read) == text
    is_now(read.timestamp, text)

print(f"Python's uuid and python-ulid read {COUNT} ids of each scheme")
