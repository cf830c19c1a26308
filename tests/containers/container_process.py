"""A process that stands for one real container: what the local AWS starts where an ECS agent would talk to the engine.

Arguments: client, engine's address, name, seconds until SIGKILL, then what `docker run` gets. The container gets this
process's environment, lives as long, and gives it its exit code. SIGTERM becomes `docker stop`, as the agent calls it. A
container that has ended is started again, as the agent does: in the same container, with the environment of its first start.
"""

import os
import signal
import subprocess
import sys


def main():
    client, host, name, stop_timeout, *arguments = sys.argv[1:]
    docker = [client, "--host", host]
    passed = [part for variable in os.environ if variable != "PATH" for part in ("--env", variable)]

    def stop(*_):
        subprocess.Popen([*docker, "stop", "--time", stop_timeout, name], stdout=subprocess.DEVNULL)

    signal.signal(signal.SIGTERM, stop)
    ended = subprocess.run([*docker, "container", "inspect", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    start = [*docker, "start", "--attach", name]
    run = [*docker, "run", "--name", name, "--pull", "never", "--network", "host", *passed, *arguments]
    # In a session of its own: signals for this process are not for the client.
    client_process = subprocess.Popen(run if ended.returncode else start, stdin=subprocess.DEVNULL, start_new_session=True)
    return client_process.wait()


if __name__ == "__main__":
    sys.exit(main())
