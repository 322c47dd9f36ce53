"""serve.py WORK KAFKA_LOG: repairs WORK/damaged/TOPIC/TOPIC-0 and compares what a broker serves of them with WORK/damaged/promised.json."""
import json
import os
import pwd
import shutil
import subprocess
import sys
import time

import caselib as lib

MOVED_MAX = 20
SETTINGS = "auto.create.topics.enable=false\nfile.delete.delay.ms=1000\nlog.segment.delete.delay.ms=1000\nlog.retention.ms=-1\nlog.cleaner.enable=false\n" \
    "log.index.size.max.bytes=16384\n"


class Node:
    """A broker with two log directories, run as `nobody` where this runs as root."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        # The user of the broker may not look into the folders of the one that runs this.
        self.oracle, kafka, target = (f"{folder}-{what}" for what in ("oracle", "kafka", "target"))
        shutil.copytree(lib.ORACLE, self.oracle)
        shutil.copytree(os.path.join(lib.HOME, "lib"), os.path.join(kafka, "lib"))
        os.makedirs(os.path.join(target, "oracle"))
        shutil.copy(lib.HELPERS, os.path.join(target, "oracle"))
        self.environment = {**os.environ, "KAFKA_ORACLE_HOME": kafka, "CARGO_TARGET_DIR": target}
        self.dirs = [os.path.join(folder, "data"), os.path.join(folder, "data2")]
        for d in self.dirs:
            os.makedirs(d)
        with open(os.path.join(folder, "extra.properties"), "w") as h:
            h.write(SETTINGS + f"log.dirs={','.join(self.dirs)}\n")
        nobody = pwd.getpwnam("nobody")
        self.owner = (nobody.pw_uid, nobody.pw_gid) if os.getuid() == 0 else None
        self.own(folder)

    def own(self, path):
        """Gives a path with all below it to the user of the broker."""
        if self.owner:
            subprocess.run(["chown", "-R", "{}:{}".format(*self.owner), path], check=True)

    def do(self, verb):
        user = ["setpriv", f"--reuid={self.owner[0]}", f"--regid={self.owner[1]}", "--clear-groups"] if self.owner else []
        subprocess.run([*user, os.path.join(self.oracle, "broker.sh"), verb, self.folder, str(self.port)], check=True,
                       stdout=subprocess.DEVNULL, env=self.environment)

    def topics(self, verb, names, *more):
        return lib.run_class("Topics", f"localhost:{self.port}", verb, *names, *more)


def differing(promised, served):
    """Lines for the topics of which a consumer got something else than was promised."""
    for topic, want in sorted(promised.items()):
        got = served.get(f"{topic}-0", {"records": [], "error": "no such partition"})
        records = [list(one) for one in got["records"]]
        if records != want["records"] or got["error"]:
            missing = [one for one in want["records"] if one not in records]
            more = [one for one in records if one not in want["records"]]
            yield f"{topic}: {got['error']}; missing {missing[:5]}, more {more[:5]}, damage {want['damage']}"


def has_newer_leader(path):
    """Whether a log has batches of a leader epoch that the new topic has not come to: replicas do not take them."""
    try:
        with open(os.path.join(path, "leader-epoch-checkpoint")) as h:
            return any(int(line.split()[0]) > 0 for line in h.readlines()[2:])
    except FileNotFoundError:
        return False


def main(work, kafka_log):
    damaged = os.path.join(work, "damaged")
    with open(os.path.join(damaged, "promised.json")) as h:
        promised = json.load(h)
    names, moved, broken = sorted(promised), [], []
    os.chmod(work, 0o755)
    with lib.Port() as port:
        node = Node(os.path.join(work, "node"), port)
        try:
            node.do("start")
            ids = node.topics("create", names)
            node.do("stop")
            where = {n: next(os.path.join(d, n + "-0") for d in node.dirs if os.path.isdir(os.path.join(d, n + "-0"))) for n in names}
            for topic in names:
                source = os.path.join(damaged, topic, topic + "-0")
                # The broker's user owns the partition, and the one that repairs it is another.
                node.own(source)
                done = subprocess.run([kafka_log, "repair", "--apply", source], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if done.returncode > 1:
                    broken.append(f"{topic}: repair ends with {done.returncode}: {done.stdout[-300:]}")
                if where[topic].startswith(node.dirs[0] + os.sep) and len(moved) < MOVED_MAX and not has_newer_leader(source):
                    moved.append(topic)
                shutil.rmtree(where[topic])
                subprocess.run(["cp", "-a", source, where[topic]], check=True)
                name = os.path.join(where[topic], "partition.metadata")
                with open(name, "w") as h:
                    h.write(f"version: 0\ntopic_id: {ids[topic]}")
                node.own(name)
            for d in node.dirs:
                # Every second run of the loader recovers the logs.
                os.remove(os.path.join(d, ".kafka_cleanshutdown"))
            node.do("start")
            broken += differing(promised, lib.run_class("ReadAll", f"localhost:{port}"))
            node.topics("move", moved, "--to", node.dirs[1])
            broken += [f"after the move, {line}" for line in differing(promised, lib.run_class("ReadAll", f"localhost:{port}"))]
            node.topics("delete", names)
            left = names
            for _ in range(120):
                left = [n for d in node.dirs for n in os.listdir(d) if n.startswith("seed-")]
                if not left:
                    break
                time.sleep(0.5)
            if left:
                broken.append(f"not deleted after 60 s: {left[:5]}")
            with open(os.path.join(node.folder, "broker.log"), errors="replace") as h:
                broken += [line.rstrip()[:300] for line in h if "offline" in line.lower() and "ERROR" in line][:5]
            node.do("stop")
        finally:
            node.do("kill")
    records = sum(len(one["records"]) for one in promised.values())
    print("\n".join(broken) + ("\n" if broken else "") + f"{len(names)} partitions, {records} records promised, {len(moved)} partitions moved: {len(broken)} differ")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
