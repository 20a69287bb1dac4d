"""What happens to files on their way: each takes bytes and returns damaged ones."""


def cut(content, chance):
    return content[: chance.randrange(len(content))]


def flip(content, chance):
    changed = bytearray(content)
    for _ in range(chance.choice([1, 5, 200])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def insert(content, chance):
    place = chance.randrange(len(content))
    junk = [
        b'"',
        b";",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"=1+1",
        b"{",
        "😀;ß".encode(),
        b"\r",
    ]
    return (
        content[:place] + chance.choice(junk) * chance.choice([1, 50]) + content[place:]
    )


def remove(content, chance):
    place = chance.randrange(len(content))
    return content[:place] + content[place + chance.choice([1, 7, 500, 50_000]) :]


def repeat(content, chance):
    place = chance.randrange(len(content))
    return content[:place] + content[place : place + 3_000] * 2 + content[place:]


ALL = (cut, flip, insert, remove, repeat)
