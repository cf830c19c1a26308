"""A process that stands for one real container: what the local AWS starts where an ECS agent would talk to the engine.

Arguments: client, engine's address, name, seconds until SIGKILL, then what `docker run` gets. The container gets this
process's environment, lives as long, and gives it its exit code. SIGTERM becomes `docker stop`, as the agent calls it.
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
    # In a session of its own: signals for this process are not for the client.
    run = [*docker, "run", "--name", name, "--pull", "never", "--network", "host", *passed, *arguments]
    return subprocess.Popen(run, stdin=subprocess.DEVNULL, start_new_session=True).wait()


if __name__ == "__main__":
    sys.exit(main())
