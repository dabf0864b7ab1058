"""What a power cut may have left of the files of a daemon that was killed: everything up to each file's last sync, and a random part of the
rest. Of the rest each page is as it was at a moment of its own, and so is the size of the file: pages reach a disk in any order.

    images at the start  +  the record that fault_shim.c wrote  ->  the files, in place

Names of files are taken to be there once they were made."""
import collections, pathlib, struct

WRITTEN, WRITTEN_DURABLY, CUT, SYNC_BEGINS, SYNC_ENDS = range(1, 6)
PAGE = 4096
HEAD = struct.Struct("=IIQQ")


def records(log):
    """(kind, path, offset, data) in order; the last may be cut."""
    at = 0
    while at + HEAD.size <= len(log):
        kind, path_size, offset, size = HEAD.unpack_from(log, at)
        at += HEAD.size
        if at + path_size + size > len(log):
            return
        yield kind, log[at:at + path_size].decode(), offset, log[at + path_size:at + path_size + size]
        at += path_size + size


def resize(content, size):
    del content[size:]
    content.extend(bytes(size - len(content)))


def put(content, offset, data):
    if len(content) < offset + len(data):
        resize(content, offset + len(data))
    content[offset:offset + len(data)] = data


def split(operations):
    """The operations that are durable by the last sync that ended, and the rest."""
    last = 0
    begins = {offset: i for i, (kind, offset, _) in enumerate(operations) if kind == SYNC_BEGINS}
    for kind, offset, _ in operations:
        if kind == SYNC_ENDS and offset in begins:
            last = max(last, begins[offset])
    is_write = lambda operation: operation[0] in (WRITTEN, WRITTEN_DURABLY, CUT)
    return list(filter(is_write, operations[:last])), list(filter(is_write, operations[last:]))


def everything(content, operations):
    """A file whose writes all arrived."""
    content = bytearray(content)
    for kind, offset, data in operations:
        if kind == CUT:
            resize(content, offset)
        elif kind in (WRITTEN, WRITTEN_DURABLY):
            put(content, offset, data)
    return bytes(content)


def image(content, operations, chance):
    """What is left of a file, and of how many bytes that were not synced."""
    content = bytearray(content)
    synced, rest = split(operations)
    for kind, offset, data in synced:
        resize(content, offset) if kind == CUT else put(content, offset, data)
    size_now = size = len(content)
    moment = collections.defaultdict(lambda: chance.randint(0, len(rest)))
    size_moment, unsynced = chance.randint(0, len(rest)), 0
    for number, (kind, offset, data) in enumerate(rest):
        if kind == CUT:
            size_now = offset
        else:
            size_now = max(size_now, offset + len(data))
            unsynced += len(data) if kind == WRITTEN else 0
        if number < size_moment:
            size = size_now
        if kind == WRITTEN_DURABLY:
            size = max(size, offset + len(data))
        if kind == CUT:
            for page in range(offset // PAGE, len(content) // PAGE + 1):
                if number < moment[page]:
                    begin, end = max(offset, page * PAGE), min(len(content), (page + 1) * PAGE)
                    content[begin:end] = bytes(max(0, end - begin))
            continue
        for page in range(offset // PAGE, (offset + len(data) - 1) // PAGE + 1):
            if number < moment[page] or kind == WRITTEN_DURABLY:
                begin, end = max(offset, page * PAGE), min(offset + len(data), (page + 1) * PAGE)
                put(content, begin, data[begin - offset:end - offset])
    resize(content, size)
    return bytes(content), unsynced


class Power:
    """Over the files of a daemon: its state and its records."""

    def __init__(self, member):
        self.member, self.log = member, member.directory / "writes"
        member.environment["FLYWHEEL_WRITES"] = str(self.log)
        self.unsynced = 0
        self.begin()

    def files(self):
        member = self.member
        return [p for p in [*member.state.glob("*"), member.annotations] if p.is_file() and p.name != "lock.mdb"]

    def begin(self):
        """What is there now is on the disk."""
        self.start = {str(p): p.read_bytes() for p in self.files()}
        self.log.unlink(missing_ok=True)

    def operations(self):
        """{path: [(kind, offset, data)]}"""
        operations = collections.defaultdict(list)
        for kind, path, offset, data in records(self.log.read_bytes() if self.log.exists() else b""):
            operations[path].append((kind, offset, data))
        return operations

    def die(self):
        """The daemon is dead, the machine goes on: what it wrote in its last moment and could not record is in the files."""
        operations = self.operations()
        with open(self.log, "ab") as log:
            for path in map(str, self.files()):
                known, found = everything(self.start.get(path, b""), operations[path]), pathlib.Path(path).read_bytes()
                name = path.encode()
                if len(found) != len(known):
                    log.write(HEAD.pack(CUT, len(name), len(found), 0) + name)
                for at in range(0, len(found), PAGE):
                    page = found[at:at + PAGE]
                    if page != known[at:at + PAGE]:
                        log.write(HEAD.pack(WRITTEN, len(name), at, len(page)) + name + page)

    def cut(self, chance):
        """The daemon is dead; so is the machine."""
        operations = self.operations()
        for path in map(str, self.files()):
            content, unsynced = image(self.start.get(path, b""), operations[path], chance)
            self.unsynced += unsynced
            with open(path, "r+b") as file:  # the same inode
                file.truncate(len(content))
                file.write(content)
        lock = self.member.state / "lock.mdb"
        if chance.random() < 0.5:  # LMDB's readers are of no machine that is still there
            lock.unlink(missing_ok=True)
        elif lock.exists():
            lock.write_bytes(bytes(lock.stat().st_size))
        self.begin()
