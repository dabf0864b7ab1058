"""A real Kafka broker in a directory of its own, and what kcat, an independent reader, finds on its topics."""
import collections, os, pathlib, shutil, signal, tempfile

from flywheel import processes
from flywheel.places import root
from flywheel.ports import free_port
from flywheel.waiting import patiently, wait_for

SCRIPT = root / "tests/support/kafka/kafka.sh"
Message = collections.namedtuple("Message", "partition key headers value")


class Broker:
    """Starts at once unless told not to. `settings`: properties of the broker, with _ for the points."""

    def __init__(self, is_started=True, **settings):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-kafka-"))
        self.port = free_port(neighbors=1)  # its controller takes the next one
        self.settings = [word for key, value in settings.items() for word in ("-c", f"{key.replace('_', '.')}={value}")]
        if is_started:
            self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def command(self, *words, **more):
        environment = {**os.environ, "KAFKA_READY_S": str(int(patiently(120))), "KAFKA_GROUP": "keep"}
        return processes.run(SCRIPT, "-p", self.port, "-d", self.directory, *words, check=True, env=environment, **more)

    def start(self):
        self.command(*self.settings, "start", leaves=True)

    def kill(self):
        self.command("kill")

    def stop(self):
        self.command("stop")

    def topic(self, name, partitions):
        self.command("create-topic", name, partitions)

    def make_anew(self, topic, partitions):
        """Deletes it and creates it at once, as somebody does by a tool."""
        from confluent_kafka.admin import AdminClient, NewTopic  # only who does that needs it

        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        admin.delete_topics([topic])[topic].result(patiently(30))

        def create():
            try:
                admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(patiently(30))
                return True
            except Exception:  # its predecessor is still on its way out
                return False

        assert wait_for(create, 60), topic

    def pause(self, is_paused):
        """Freezes it, or lets it go on."""
        os.kill(int((self.directory / "pid").read_text()), signal.SIGSTOP if is_paused else signal.SIGCONT)

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def messages(self, topic, isolation="read_committed"):
        """Every message of the topic, partition by partition: values are bytes (None: a null), keys too, headers a dictionary of texts."""
        out = processes.run("kcat", "-b", self.address, "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-f", r"%p %K %S %h\n%k%s",
                            "-X", f"isolation.level={isolation}", text=False, check=True).stdout
        found, at = [], 0
        while at < len(out):
            end = out.index(b"\n", at)
            partition, key_size, size, headers = out[at:end].split(b" ", 3)
            middle = end + 1 + max(int(key_size), 0)
            at = middle + max(int(size), 0)
            pairs = dict(pair.split("=", 1) for pair in headers.decode().split(",") if pair)
            found.append(Message(int(partition), out[end + 1:middle], pairs, out[middle:at] if int(size) >= 0 else None))
        return found

    def keys(self, topic, isolation="read_committed"):
        return [message.key.decode() for message in self.messages(topic, isolation)]

    def values(self, topic):
        return [message.value.decode() for message in self.messages(topic)]
