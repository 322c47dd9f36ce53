"""What comparisons in Python do with a cluster of `cluster`, and how they run."""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CLUSTER = HERE / "cluster"
# How long anything may take that a controller has to notice first.
PATIENCE = 60


class Wrong(Exception):
    pass


def free_base():
    """A base from which the cluster's ports are free."""
    while True:
        base = random.SystemRandom().randrange(20000, 32000)
        sockets = []
        try:
            for port in (*range(base + 1, base + 4), *range(base + 10, base + 13)):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            pass
        finally:
            for one in sockets:
                one.close()


class Cluster:
    def __init__(self, folder):
        self.folder = folder / "cluster"
        self.base = free_base()

    def call(self, *arguments, check=True):
        environment = {**os.environ, "CLUSTER_PORT": str(self.base)}
        done = subprocess.run([CLUSTER, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        if check and done.returncode:
            raise Wrong(f"cluster {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def start(self, brokers, controllers):
        """Controllers that fence a broker soon after it is lost."""
        self.call("start", self.folder, "--controllers", controllers, "--brokers", brokers, "--set", "broker.session.timeout.ms=3000",
                  "--set", "broker.heartbeat.interval.ms=500")

    def address(self, node):
        return f"127.0.0.1:{self.base + node}"

    def command(self, name, *arguments, via):
        return [CLUSTER, "tool", self.folder, name, "--bootstrap-server", self.address(via), *map(str, arguments)]

    def tool(self, name, *arguments, via, input=None, check=True):
        """What one of Kafka's tools prints."""
        command = self.command(name, *arguments, via=via)
        done = subprocess.run(command, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if check and done.returncode:
            raise Wrong(f"{name} {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if not check else "")

    def status(self):
        return json.loads(self.call("status", self.folder, "--json"))

    def registered(self, node):
        return next(one for one in self.status()["nodes"] if one["node"] == node)["registered"]


def isrs(text):
    """The ISR of each partition that kafka-topics describes."""
    return [sorted(part.split("Isr: ")[1].split()[0].split(",")) for part in text.splitlines() if "Isr: " in part]


def expect(what, expected, found):
    if expected != found:
        raise Wrong(f"{what}: expected {expected!r}, found {found!r}")


def wait_for(what, look):
    """Waits until `look` is true."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > until:
            raise Wrong(f"{what}: not within {PATIENCE} s, {found!r}")
        time.sleep(0.2)


def step(text):
    print(f"  {text}", flush=True)


def binaries(debug):
    """The folder of our programs."""
    if not debug:
        return pathlib.Path(subprocess.run([ROOT / "tests/release-binaries"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    subprocess.run(["cargo", "build", "--quiet", "-p", "kafka-broker", "-p", "kafka-tools", "-p", "kafka-log-cli"], cwd=ROOT, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute() / "debug"


def main(doc, trial, options=lambda parser: None):
    """Runs `trial(cluster, programs, args)`; returns the exit code."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debug", action="store_true", help="a debug build of ours")
    parser.add_argument("--keep", action="store_true", help="keep the folder even if nothing is wrong")
    options(parser)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    programs = binaries(args.debug)
    started = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cluster-"))
    cluster = Cluster(folder)
    passed = False
    try:
        trial(cluster, programs, args)
        passed = True
    except Wrong as wrong:
        print(wrong)
    finally:
        if passed and not args.keep:
            cluster.call("destroy", cluster.folder, check=False)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            cluster.call("stop", cluster.folder, "all", check=False)
            print(f"{folder} is kept")
    print(f"{'right' if passed else 'WRONG'} in {time.monotonic() - started:.0f} s")
    return 0 if passed else 1
