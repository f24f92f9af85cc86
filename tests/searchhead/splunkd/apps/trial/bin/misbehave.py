"""misbehave how=<h> [<type>]: a command that fails in a way of its own, or notes what it is asked.

It speaks the protocol by hand.
"""

import json
import os
import signal
import subprocess
import sys
import time

KINDS = ("streaming", "stateful", "events", "reporting")


def read():
    header = sys.stdin.buffer.readline()
    if not header:
        sys.exit(0)
    metadata, body = (int(length) for length in header.split(b",")[1:])
    request = json.loads(sys.stdin.buffer.read(metadata))
    return request, sys.stdin.buffer.read(body)


def write(metadata, body=b""):
    text = json.dumps(metadata).encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\n" % (len(text), len(body)) + text + body)
    sys.stdout.buffer.flush()


request, _ = read()
how = request["searchinfo"]["args"][0].split("=")[1]
kind = next((argument for argument in request["searchinfo"]["args"] if argument in KINDS), "stateful")
sid = request["searchinfo"]["sid"]
if how == "getinfo_error":
    write({"type": "stateful", "inspector": {"messages": [["ERROR", "No such thing: 7."]]}})
    sys.exit(1)
if how == "no_type":
    write({"what": "ever"})
elif how == "record_launch":
    with open(os.path.join(os.environ["MOUSEMATCH_STATE"], "launches.txt"), "a") as launches:
        launches.write(json.dumps({"sid": sid, "argv": sys.argv, "request": request}) + "\n")
    write({"type": kind})
else:
    write({"type": kind, "maxwait": 1 if how == "silent_maxwait" else 0})

while True:
    request, body = read()
    finished = request["finished"]
    if how == "record_requests":
        with open(os.path.join(os.environ["MOUSEMATCH_STATE"], "requests.txt"), "a") as requests:
            requests.write(json.dumps([finished, body.decode()]) + "\n")
    if how == "traceback":
        raise RuntimeError("a fault in the command")
    if how in ("silent", "silent_maxwait"):
        time.sleep(60)
    if how == "garbage":
        print("hello, I print to stdout", flush=True)
    if how == "half_a_frame":
        sys.stdout.buffer.write(b'chunked 1.0,20,100\n{"finished":')
        sys.stdout.buffer.flush()
        os._exit(3)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit_0":
        sys.exit(0)
    if how == "error_key":
        messages = [["WARN", "Something is odd."], ["ERROR", "The disk is full."]]
        write({"inspector": {"messages": messages}, "error": "The disk is full.", "finished": True})
        sys.exit(1)
    if how == "too_large":
        write({"finished": finished}, b"a\n" + b"x" * 2_000_000)
    if how == "stderr":
        print("a line on stderr", file=sys.stderr)
    if how == "daemon" and finished:  # it inherits all three pipes and outlives the search
        seconds = "8"
        daemon = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"], start_new_session=True)
        with open(os.path.join(os.environ["MOUSEMATCH_STATE"], "daemon.pid"), "w") as pid:
            pid.write(str(daemon.pid))
    write({"finished": finished}, body)
    if how == "two_replies":
        write({"finished": finished}, body)
    if finished and how == "late_exit_4":
        sys.exit(4)
    if finished and how == "stays":
        time.sleep(60)
